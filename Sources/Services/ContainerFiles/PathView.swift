internal import CLinux
internal import EngineAPI
internal import Linux

/// Paths of a container, resolved inside its root.
struct PathView: ~Copyable {
    private let mounted: MountedRoot
    var root: Int32 { mounted.number }

    init(_ container: ContainerRoot, writing: Bool, temporary: String) throws(EngineError) {
        mounted = try MountedRoot(container, volumes: container.volumes, writing: writing, temporary: temporary)
    }

    /// The innermost volume that a path lies in.
    static func volume(_ container: ContainerRoot, _ path: String) -> ContainerRoot.Volume? {
        let path = Files.cleaned("/" + path)
        return container.volumes.filter { volume in
            let destination = Files.cleaned("/" + volume.destination)
            return destination == "/" || path == destination || path.hasPrefix(destination + "/")
        }.max { $0.destination.utf8.count < $1.destination.utf8.count }
    }

    /// A path of the container as one below the root, "." for the root itself.
    static func relative(_ path: String) -> String {
        let rest = String(Files.cleaned("/" + path).dropFirst())
        return rest.isEmpty ? "." : rest
    }

    /// Opens the directory at a path below the root, links followed inside the root.
    func directory(_ path: String) throws(SystemCallError) -> Descriptor {
        try mounted.directory.openInRoot(path.isEmpty ? "." : path, O_RDONLY | O_DIRECTORY)
    }

    /// Opens what is at a path below the root, for its sake alone.
    func place(_ path: String) throws(SystemCallError) -> Descriptor {
        try mounted.directory.openInRoot(path.isEmpty ? "." : path, Int32(CL_O_PATH))
    }

    /// Where a path leads when every link in it is followed inside the root; what does not exist is kept as it is
    /// written.
    func resolved(_ path: String) -> String {
        var done: [String] = []
        var todo = Array(path.split(separator: "/").map { String($0) }.reversed())
        var links = 0
        while let part = todo.popLast() {
            if part == "." || part.isEmpty { continue }
            if part == ".." {
                _ = done.popLast()
                continue
            }
            let parent = done.isEmpty ? "." : done.joined(separator: "/")
            done.append(part)
            // What cannot be opened is no link.
            guard links < 255, let directory = try? directory(parent), let target = Self.link(part, directory.number)
            else {
                continue
            }
            links += 1
            done.removeLast()
            if target.hasPrefix("/") { done = [] }
            todo += target.split(separator: "/").map { String($0) }.reversed()
        }
        return done.joined(separator: "/")
    }

    /// The target of a symbolic link; nil when it is none.
    static func link(_ name: String, _ directory: Int32) -> String? {
        var text = [CChar](repeating: 0, count: 4096)
        let count = readlinkat(directory, name, &text, text.count - 1)
        guard count >= 0 else { return nil }
        return String(decoding: text[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
