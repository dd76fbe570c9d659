internal import EngineAPI
internal import Linux

/// Reads the ways in which a client asks for mounts, with upstream's failures.
enum MountParser {
    static let propagations = ["private", "rprivate", "slave", "rslave", "shared", "rshared"]

    /// "source:destination:mode", "source:destination" or "destination" (`HostConfig.Binds`).
    static func bind(_ raw: String, volumeDriver: String) throws(EngineError) -> StoredMount {
        let invalid = EngineError.invalid("invalid volume specification: '\(raw)'")
        let parts = raw.split(separator: ":", maxSplits: 3, omittingEmptySubsequences: false).map { String($0) }
        guard let first = parts.first, !first.isEmpty, parts.count <= 3 else { throw invalid }
        var specification = Mount()
        var mode = ""
        switch parts.count {
        case 1: specification.target = first
        case 2:
            if isMode(parts[1]) { throw invalid }
            specification.source = first
            specification.target = parts[1]
        default:
            specification.source = first
            specification.target = parts[1]
            mode = parts[2]
        }
        guard isMode(mode) || mode.isEmpty else { throw .invalid("invalid mode: " + mode) }
        let words = mode.split(separator: ",").map { String($0) }
        specification.type = specification.source.hasPrefix("/") ? "bind" : "volume"
        specification.readOnly = words.contains("ro")
        var copies = true
        if specification.type == "volume" {
            var options = VolumeOptions()
            options.noCopy = words.contains("nocopy")
            copies = !options.noCopy
            if !volumeDriver.isEmpty {
                options.driverConfig = DriverConfig()
                options.driverConfig?.name = volumeDriver
            }
            if options != VolumeOptions() { specification.volumeOptions = options }
            if words.contains(where: propagations.contains) {
                throw .invalid(
                    invalid.message + ": invalid mount config for type \"volume\": field BindOptions must not"
                        + " be specified")
            }
        } else {
            if words.contains("nocopy") || words.contains("copy") {
                throw .invalid(
                    invalid.message + ": invalid mount config for type \"bind\": field VolumeOptions must not"
                        + " be specified")
            }
            if let propagation = words.first(where: propagations.contains) {
                specification.bindOptions = BindOptions()
                specification.bindOptions?.propagation = propagation
            }
        }
        do throws(EngineError) {
            var mount = try parsed(specification, checksSource: false)
            mount.mode = mode
            mount.copiesImageContent = mount.type == "volume" && copies
            return mount
        } catch {
            throw error.prefixed(invalid.message)
        }
    }

    /// Words after the second colon: each kind at most once, and none that is unknown.
    private static func isMode(_ text: String) -> Bool {
        if text.isEmpty { return false }
        var kinds: Set<String> = []
        for word in text.split(separator: ",", omittingEmptySubsequences: false).map({ String($0) }) {
            let kind: String
            switch word {
            case "rw", "ro": kind = "access"
            case "z", "Z": kind = "label"
            case "copy", "nocopy": kind = "copy"
            case "consistent", "cached", "delegated", "default": kind = "consistency"
            default:
                guard propagations.contains(word) else { return false }
                kind = "propagation"
            }
            guard kinds.insert(kind).inserted else { return false }
        }
        return true
    }

    /// A mount in the long form (`HostConfig.Mounts`).
    static func mount(_ specification: Mount) throws(EngineError) -> StoredMount {
        try parsed(specification, checksSource: true)
    }

    private static func parsed(_ given: Mount, checksSource: Bool) throws(EngineError) -> StoredMount {
        do throws(EngineError) {
            try check(given, checksSource: checksSource)
        } catch {
            throw .invalid("invalid mount config for type \"\(given.type)\": \(error.message)")
        }
        var mount = StoredMount(type: given.type, destination: Files.cleaned(given.target))
        mount.specification = given
        mount.isWritable = !given.readOnly
        switch given.type {
        case "bind":
            mount.source = Files.cleaned(given.source)
            mount.propagation = given.bindOptions?.propagation ?? ""
            if mount.propagation.isEmpty { mount.propagation = "rprivate" }
        case "volume":
            mount.name = given.source
            mount.driver = given.volumeOptions?.driverConfig?.name ?? ""
            if mount.driver.isEmpty { mount.driver = "local" }
            mount.copiesImageContent = !(given.volumeOptions?.noCopy ?? false)
        default: break
        }
        return mount
    }

    private static func check(_ mount: Mount, checksSource: Bool) throws(EngineError) {
        guard ["bind", "volume", "tmpfs"].contains(mount.type) else {
            if ["npipe", "cluster", "image"].contains(mount.type) {
                throw .invalid("mounts of type \(mount.type) are not supported")
            }
            throw .invalid("mount type unknown")
        }
        if mount.target.isEmpty { throw .invalid("field Target must not be empty") }
        if Files.cleaned(mount.target) == "/" { throw .invalid("invalid specification: destination can't be '/'") }
        if !mount.target.hasPrefix("/") {
            throw .invalid("invalid mount path: '\(mount.target)' mount path must be absolute")
        }
        if mount.imageOptions != nil { throw extra("ImageOptions") }
        if !mount.clusterOptions.isNull { throw extra("ClusterOptions") }
        switch mount.type {
        case "bind": try checkBind(mount, checksSource)
        case "volume":
            if mount.bindOptions != nil { throw extra("BindOptions") }
            if mount.tmpfsOptions != nil { throw extra("TmpfsOptions") }
            if mount.source.isEmpty && mount.readOnly {
                throw .invalid("must not set ReadOnly mode when using anonymous volumes")
            }
            let subpath = mount.volumeOptions?.subpath ?? ""
            if !subpath.isEmpty && mount.source.isEmpty {
                throw .invalid("must not set Subpath when using anonymous volumes")
            }
            if subpath.hasPrefix("/") || subpath.split(separator: "/").contains("..") {
                throw .invalid("subpath must be a relative path within the volume")
            }
        default:
            if mount.bindOptions != nil { throw extra("BindOptions") }
            if mount.volumeOptions != nil { throw extra("VolumeOptions") }
            if !mount.source.isEmpty { throw extra("Source") }
            _ = try TmpfsMountOptions.merged(TmpfsMountOptions.options(mount.tmpfsOptions, readOnly: mount.readOnly))
        }
    }

    private static func checkBind(_ mount: Mount, _ checksSource: Bool) throws(EngineError) {
        if mount.source.isEmpty { throw .invalid("field Source must not be empty") }
        if mount.volumeOptions != nil { throw extra("VolumeOptions") }
        if mount.tmpfsOptions != nil { throw extra("TmpfsOptions") }
        if let options = mount.bindOptions {
            if !options.propagation.isEmpty && !propagations.contains(options.propagation) {
                throw .invalid("invalid propagation mode: " + options.propagation)
            }
            if options.readOnlyNonRecursive && options.readOnlyForceRecursive {
                throw .invalid("mount options conflict: ReadOnlyNonRecursive && ReadOnlyForceRecursive")
            }
            if options.readOnlyForceRecursive && !mount.readOnly {
                throw .invalid("mount options conflict: !ReadOnly && BindOptions.ReadOnlyForceRecursive")
            }
            if options.readOnlyNonRecursive && !mount.readOnly {
                throw .invalid("mount options conflict: !ReadOnly && BindOptions.ReadOnlyNonRecursive")
            }
        }
        if !mount.source.hasPrefix("/") {
            throw .invalid("invalid mount path: '\(mount.source)' mount path must be absolute")
        }
        if checksSource && mount.bindOptions?.createMountpoint != true && !Files.exists(mount.source) {
            throw .invalid("bind source path does not exist: " + mount.source)
        }
    }

    private static func extra(_ field: String) -> EngineError { .invalid("field \(field) must not be specified") }

    /// "container", "container:ro" or "container:rw,z" (`HostConfig.VolumesFrom`).
    static func volumesFrom(_ text: String) throws(EngineError) -> (container: String, mode: String) {
        if text.isEmpty { throw .invalid("volumes-from must not be an empty string") }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map { String($0) }
        let mode = parts.count > 1 ? parts[1] : "rw"
        guard isMode(mode) else { throw .invalid("invalid mode: " + mode) }
        let words = mode.split(separator: ",").map { String($0) }
        if words.contains(where: propagations.contains) || words.contains("copy") || words.contains("nocopy") {
            throw .invalid("invalid mode: " + mode)
        }
        return (parts[0], mode)
    }
}
