internal import CLinux
internal import ContainerdAPI
internal import GoText
internal import Linux
internal import Metadata

/// The directories behind the mounts of a snapshot: nothing needs to be mounted to read or fill them.
struct Layers {
    /// The directory that is written to, or looked at, uppermost.
    var upper: String
    /// Those below it, uppermost first.
    var lower: [String]
    /// `upper` holds overlayfs's own whiteouts, as it is or was an upper directory.
    var isOverlay: Bool
    var isWritable: Bool

    init(of mounts: [ContainerdTypes.Mount]) throws(ServiceError) {
        upper = ""
        lower = []
        isOverlay = false
        isWritable = false
        // Nothing mounted is an empty tree.
        if mounts.isEmpty { return }
        guard mounts.count == 1, let mount = mounts.first else {
            throw .notImplemented("a diff of \(mounts.count) mounts")
        }
        switch mount.type {
        case "bind":
            upper = mount.source
            isWritable = !mount.options.contains("ro")
        case "overlay":
            func values(_ name: String) -> [String] {
                guard let option = mount.options.first(where: { $0.hasPrefix(name + "=") }) else { return [] }
                return option.dropFirst(name.count + 1).split(separator: ":").map(String.init)
            }
            var stack = values("upperdir")
            isWritable = !stack.isEmpty
            stack += values("lowerdir")
            guard let first = stack.first else { throw .invalidArgument("overlay mount without a directory") }
            upper = first
            lower = Array(stack.dropFirst())
            isOverlay = true
        default: throw .notImplemented("a diff of mount type \(goQuoted(mount.type))")
        }
    }

    private var all: [String] { upper.isEmpty ? [] : [upper] + lower }

    /// Whether this one stands exactly on the other: then what differs is the upper directory. A view of no parent is
    /// an empty directory, which is the same as nothing.
    func stands(on other: Layers) -> Bool {
        let below = other.all.filter { !Layers.isEmpty($0) }
        return lower == below || lower.filter { !Layers.isEmpty($0) } == below
    }

    private static func isEmpty(_ path: String) -> Bool {
        // One that cannot be read is not known to be empty; opening it fails later, with words.
        (try? Files.names(in: path).isEmpty) ?? false
    }
}
