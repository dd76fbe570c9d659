internal import Archive
internal import ByteStream
internal import CLinux
internal import Compression
internal import Flags
internal import Linux
internal import TarFormat

/// A directory that a build is sent, without what its .dockerignore names.
struct BuildContext {
    private let directory: String
    /// The Dockerfile's name inside the context.
    let dockerfile: String
    private let ignored: IgnoreRules

    init(directory: String, dockerfile given: String) throws {
        // A path that cannot be resolved is no directory.
        guard Files.isDirectory(directory) || Files.isDirectory((try? Files.resolved(directory)) ?? "") else {
            if Files.exists(directory) {
                throw CommandFailure("unable to prepare context: context must be a directory: " + directory)
            }
            throw CommandFailure("unable to prepare context: path \"" + directory + "\" not found")
        }
        self.directory = try Files.resolved(directory)
        var name = "Dockerfile"
        if !given.isEmpty {
            let path = try Files.absolute(given)
            let folder = self.directory == "/" ? "/" : self.directory + "/"
            guard Files.exists(path) else {
                throw CommandFailure(
                    "unable to prepare context: unable to evaluate symlinks in Dockerfile path: lstat " + path
                        + ": no such file or directory")
            }
            let real = try Files.resolved(path)
            guard real.hasPrefix(folder) else {
                throw CommandFailure(
                    "unable to prepare context: the Dockerfile (" + given + ") must be within the build context")
            }
            name = String(real.dropFirst(folder.count))
        }
        guard Files.exists(self.directory + "/" + name) else {
            throw CommandFailure(
                "unable to prepare context: unable to evaluate symlinks in Dockerfile path: lstat " + self.directory
                    + "/" + name
                    + ": no such file or directory")
        }
        dockerfile = name
        let file = self.directory + "/.dockerignore"
        ignored = IgnoreRules(Files.exists(file) ? try Files.readText(file) : "", alwaysSent: [".dockerignore", name])
    }

    /// An archive with one file in it.
    static func single(_ name: String, _ bytes: [UInt8]) throws -> [UInt8] {
        let sink = BytesSink()
        let writer = TarWriter(sink)
        try writer.add(TarHeader(.file, name, size: bytes.count), content: bytes)
        try writer.finish()
        return sink.bytes
    }

    /// Writes the archive.
    func write(compressing: Bool, _ send: @escaping ([UInt8]) throws -> Void) throws {
        try withoutActuallyEscaping(send) { send in
            let sink = SendingSink(send)
            let deflater = compressing ? try Deflater(sink) : nil
            let writer = TarWriter(deflater ?? sink)
            let root = try Descriptor.open(directory, O_RDONLY | O_DIRECTORY)
            var choices = TreeArchive.Choices()
            choices.owner = (uid: 0, gid: 0)
            let archive = TreeArchive(root: root.number, writer: writer, choices: choices)
            try add("", archive, writer)
            try writer.finish()
            try deflater?.finish()
            try sink.flush()
        }
    }

    /// Adds what is in a directory; one that holds nothing ignored goes in as a whole.
    private func add(_ folder: String, _ archive: TreeArchive, _ writer: TarWriter) throws {
        let path = folder.isEmpty ? directory : directory + "/" + folder
        let held = try Descriptor.open(path, O_RDONLY | O_DIRECTORY)
        for name in try Files.names(in: path).sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
            let inside = folder.isEmpty ? name : folder + "/" + name
            let isFolder = Files.linkStatus(path + "/" + name).map { cl_format($0.st_mode) == S_IFDIR } ?? false
            let isIgnored = ignored.matches(inside)
            if !isFolder || ignored.isEmpty {
                if !isIgnored { try archive.add(Array(name.utf8), in: held.number, as: Array(inside.utf8)) }
                continue
            }
            if isIgnored && !ignored.mayHoldExceptions(below: inside) { continue }
            var header = TarHeader(.directory, inside + "/", mode: 0o755)
            if let status = Files.linkStatus(path + "/" + name) {
                header.mode = status.st_mode & 0o7777
                header.modified = .init(seconds: status.st_mtim.tv_sec)
            }
            if !isIgnored { try writer.add(header) }
            try add(inside, archive, writer)
        }
    }
}

/// The rules of a .dockerignore file: the last that matches a path or a directory above it decides.
struct IgnoreRules {
    private let rules: [(pattern: [String], isException: Bool)]
    private let alwaysSent: Set<String>

    init(_ text: String, alwaysSent: Set<String>) {
        var rules: [(pattern: [String], isException: Bool)] = []
        for raw in text.split(separator: "\n") {
            var line = raw.hasSuffix("\r") ? raw.dropLast() : raw
            while line.last == " " || line.last == "\t" { line = line.dropLast() }
            line = line.drop { $0 == " " || $0 == "\t" }
            if line.isEmpty || line.hasPrefix("#") { continue }
            let isException = line.hasPrefix("!")
            if isException { line = line.dropFirst().drop { $0 == " " } }
            let clean = Files.cleaned("/" + line).split(separator: "/").map { String($0) }
            if !clean.isEmpty { rules.append((clean, isException)) }
        }
        self.rules = rules
        self.alwaysSent = alwaysSent
    }

    var isEmpty: Bool { rules.isEmpty }

    /// Whether a path of the context is left out.
    func matches(_ path: String) -> Bool {
        if alwaysSent.contains(path) { return false }
        let parts = path.split(separator: "/").map { String($0) }
        var ignored = false
        for rule in rules where rule.isException == ignored {
            for length in 1...parts.count where Self.match(rule.pattern[...], parts[0..<length]) {
                ignored = !rule.isException
                break
            }
        }
        return ignored
    }

    /// Whether a directory that is left out may hold something that is not.
    func mayHoldExceptions(below path: String) -> Bool {
        rules.contains { $0.isException } || alwaysSent.contains { $0.hasPrefix(path + "/") }
    }

    private static func match(_ pattern: ArraySlice<String>, _ parts: ArraySlice<String>) -> Bool {
        guard let first = pattern.first else { return parts.isEmpty }
        if first == "**" {
            return (parts.startIndex...parts.endIndex).contains { match(pattern.dropFirst(), parts[$0...]) }
        }
        guard let part = parts.first else { return false }
        return glob(Array(first.utf8)[...], Array(part.utf8)[...]) && match(pattern.dropFirst(), parts.dropFirst())
    }

    /// `*`, `?` and `[…]` within one name.
    private static func glob(_ pattern: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>) -> Bool {
        guard let first = pattern.first else { return text.isEmpty }
        switch first {
        case UInt8(ascii: "*"):
            return (text.startIndex...text.endIndex).contains { glob(pattern.dropFirst(), text[$0...]) }
        case UInt8(ascii: "?"): return !text.isEmpty && glob(pattern.dropFirst(), text.dropFirst())
        case UInt8(ascii: "["):
            guard let byte = text.first, let end = pattern.dropFirst().firstIndex(of: UInt8(ascii: "]")) else {
                return false
            }
            var set = pattern[(pattern.startIndex + 1)..<end]
            let negated = set.first == UInt8(ascii: "^")
            if negated { set = set.dropFirst() }
            return includes(set, byte) != negated && glob(pattern[(end + 1)...], text.dropFirst())
        case UInt8(ascii: "\\"):
            let rest = pattern.dropFirst()
            return rest.first != nil && rest.first == text.first && glob(rest.dropFirst(), text.dropFirst())
        default: return text.first == first && glob(pattern.dropFirst(), text.dropFirst())
        }
    }

    private static func includes(_ set: ArraySlice<UInt8>, _ byte: UInt8) -> Bool {
        var rest = set
        while let low = rest.popFirst() {
            if rest.first == UInt8(ascii: "-"), rest.count > 1 {
                let high = rest[rest.startIndex + 1]
                if low <= byte && byte <= high { return true }
                rest = rest.dropFirst(2)
            } else if low == byte {
                return true
            }
        }
        return false
    }
}
