public import EngineAPI

/// Something that happened to a volume.
public struct VolumeEvent: Equatable, Sendable {
    /// "create", "mount", "unmount", "destroy" or "prune".
    public var action: String
    public var volume: String
    public var driver: String
    /// The container for which it was mounted or unmounted.
    public var containerID: String?
    /// Bytes, for "prune".
    public var reclaimed: Int?
}

/// The volumes of the local driver, under `data-root/volumes`. Methods block on the file system: call from a worker
/// thread. Safe to call from several threads at once.
public final class VolumeStore: Sendable {
    private let directory: String
    private let observe: @Sendable (VolumeEvent) -> Void

    /// Reads what is there. References are not recorded: the containers' records hold them, and `refer` repeats them at
    /// start.
    public init(
        dataRoot: String, observe: @escaping @Sendable (VolumeEvent) -> Void = { _ in }
    ) throws(VolumeError) {
        directory = dataRoot + "/volumes"
        self.observe = observe
    }

    /// Creates a volume, or returns the one of that name if its driver is the same. An empty name makes one of 64
    /// hexadecimal digits.
    public func create(
        _ request: VolumeCreateRequest, for containerID: String? = nil
    ) throws(VolumeError) -> Volume {
        throw .failed("volumes cannot be created yet")
    }

    public func inspect(_ name: String) throws(VolumeError) -> Volume { throw .noSuchVolume(name) }

    /// Volumes that match (`dangling`, `name`, `label`, `driver`), sorted by name.
    public func list(_ filters: Filters = Filters()) throws(VolumeError) -> [Volume] { [] }

    /// The same with sizes and reference counts, for `/system/df`.
    public func listWithUsage() throws(VolumeError) -> [Volume] { [] }

    /// Removes a volume no container refers to: 409 otherwise. With `force` an unknown name is no error.
    public func remove(_ name: String, force: Bool = false) throws(VolumeError) {}

    /// Removes unused anonymous volumes, or with the filter `all=true` every unused one.
    public func prune(_ filters: Filters = Filters()) throws(VolumeError) -> (names: [String], reclaimed: Int) { ([], 0) }

    /// Notes that a container's record names the volume, so that it is in use. 404 when there is no such volume.
    public func refer(_ name: String, from containerID: String) throws(VolumeError) {}

    /// Ends `refer`. With `removingAnonymous` a volume with a name made up here goes too when nobody else uses it.
    public func unrefer(_ name: String, from containerID: String, removingAnonymous: Bool = false) {}

    /// Makes a volume's content available for a container that starts, mounting it when it is the first, and returns
    /// its path on the host.
    public func mount(_ name: String, for containerID: String) throws(VolumeError) -> String {
        throw .noSuchVolume(name)
    }

    /// Ends `mount`. Unknown names and containers are no error.
    public func unmount(_ name: String, for containerID: String) throws(VolumeError) {}

    /// Copies what an image has at `path` into an empty volume, with modes and owners, as a container's first use of
    /// it does. `root` is the image's mounted root; the path is resolved inside it and cannot leave it.
    public func copyUp(_ name: String, from path: String, inRoot root: String) throws(VolumeError) {}
}
