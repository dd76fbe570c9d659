internal import CLinux
internal import ContainerdAPI
internal import Linux

/// Reads single files of a container's root without mounting it: from the layers of its overlay, the topmost first.
/// A link that leads into another layer is not followed.
struct RootFiles {
    private let layers: [String]

    init(_ mounts: [ContainerdTypes.Mount]) {
        guard let mount = mounts.first else {
            layers = []
            return
        }
        if mount.type == "overlay" {
            var upper: [String] = []
            var lower: [String] = []
            for option in mount.options {
                if option.hasPrefix("upperdir=") { upper = [String(option.dropFirst(9))] }
                if option.hasPrefix("lowerdir=") {
                    lower = option.dropFirst(9).split(separator: ":").map { String($0) }
                }
            }
            layers = upper + lower
        } else {
            layers = [mount.source]
        }
    }

    /// The file's bytes; nil when there is none.
    func read(_ path: String) -> [UInt8]? {
        for layer in layers {
            do throws(SystemCallError) {
                let root = try Descriptor.open(layer, O_RDONLY | O_DIRECTORY)
                let file = try root.openInRoot(path, O_RDONLY | O_NONBLOCK)
                var status = stat()
                guard fstat(file.number, &status) == 0 else { return nil }
                // A character device 0:0 says that the file was deleted in this layer.
                guard cl_format(status.st_mode) == UInt32(S_IFREG), status.st_size < 1 << 24 else { return nil }
                return try file.readAll()
            } catch {
                if error.number != ENOENT { return nil }
                if isOpaque(layer + "/" + Files.parent(of: path)) { return nil }
            }
        }
        return nil
    }

    private func isOpaque(_ directory: String) -> Bool {
        var value: UInt8 = 0
        return lgetxattr(directory, "trusted.overlay.opaque", &value, 1) == 1 && value == UInt8(ascii: "y")
    }
}
