internal import CLinux
internal import Linux

/// Paths of a container, resolved inside its root.
struct PathView: ~Copyable {
    let root: Descriptor
    /// Where the root of this view lies in the container: a volume of a container that does not run is a view of its
    /// own.
    let place: String
    /// A volume that is a single file: its name below `root`, and in the container.
    let single: (name: String, base: String)?

    /// The view in which `path` lies. A running container is looked at through its own mounts.
    init(_ container: ContainerRoot, _ path: String, writing: Bool, temporary: String) throws(FilesError) {
        if let pid = container.pid {
            root = try calling { () throws(SystemCallError) in
                try Descriptor.open("/proc/\(pid)/root", O_RDONLY | O_DIRECTORY)
            }
            (place, single) = ("/", nil)
            return
        }
        if let volume = Self.volume(container, path) {
            let isDirectory = Files.isDirectory(volume.source)
            root = try calling { () throws(SystemCallError) in
                try Descriptor.open(
                    isDirectory ? volume.source : Files.parent(of: volume.source), O_RDONLY | O_DIRECTORY)
            }
            let name = Files.name(of: volume.source)
            single = isDirectory ? nil : (name, Files.name(of: volume.destination))
            place =
                isDirectory ? Files.cleaned(volume.destination) : Files.parent(of: Files.cleaned(volume.destination))
            return
        }
        let layers = try MountedRoot.Layers(container.mounts)
        root =
            writing
            ? try MountedRoot.writable(layers, temporary: temporary)
            : try MountedRoot.readOnly(layers, temporary: temporary)
        (place, single) = ("/", nil)
    }

    /// The innermost volume that a path lies in.
    static func volume(_ container: ContainerRoot, _ path: String) -> ContainerRoot.Volume? {
        let path = Files.cleaned("/" + path)
        return container.volumes.filter { volume in
            let destination = Files.cleaned("/" + volume.destination)
            return destination == "/" || path == destination || path.hasPrefix(destination + "/")
        }.max { $0.destination.utf8.count < $1.destination.utf8.count }
    }

    /// A path of the container as one below this view's root, "." for the root itself.
    func relative(_ path: String) -> String {
        if let single, Files.name(of: path) == single.base { return single.name }
        let cleaned = Files.cleaned("/" + path)
        let rest = place == "/" ? String(cleaned.dropFirst()) : String(cleaned.dropFirst(place.utf8.count + 1))
        return rest.isEmpty ? "." : rest
    }

    /// Opens the directory at a path below the root, links followed inside the root.
    func directory(_ path: String) throws(SystemCallError) -> Descriptor {
        try root.openInRoot(path.isEmpty ? "." : path, O_RDONLY | O_DIRECTORY)
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
