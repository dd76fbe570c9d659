internal import Archive
internal import ByteStream
internal import CLinux
internal import EngineClient
internal import Flags
internal import HTTPClient
internal import Linux
internal import TarFormat

/// Archives between the daemon and our file system.
enum ArchiveCopy {
    /// A file or directory to be packed.
    struct Source {
        let folder: String
        let name: String
        let isDirectory: Bool
        /// Only what is in the directory.
        let isContents: Bool
    }

    /// The outermost part of a path that is not there, from the root.
    private static func firstMissing(_ path: String) throws -> String {
        var missing = try Files.absolute(path)
        while missing != "/", Files.linkStatus(Files.parent(of: missing)) == nil { missing = Files.parent(of: missing) }
        return missing
    }

    static func localSource(_ path: String, follows: Bool) throws -> Source {
        var clean = Files.cleaned(path)
        guard let status = Files.linkStatus(clean) else {
            let reason = errorText(cl_errno())
            throw CommandFailure("lstat " + (try firstMissing(clean)) + ": " + reason)
        }
        let isLink = cl_format(status.st_mode) == S_IFLNK
        if isLink && (follows || path.hasSuffix("/") || path.hasSuffix("/.")) { clean = try Files.resolved(clean) }
        let isDirectory = Files.isDirectory(clean) && (!isLink || clean != Files.cleaned(path))
        if path.hasSuffix("/") && !isDirectory { throw CommandFailure("not a directory") }
        let item = CopiedItem(path: path, isDirectory: isDirectory)
        return Source(
            folder: Files.parent(of: clean), name: Files.name(of: clean), isDirectory: isDirectory,
            isContents: item.isContents)
    }

    /// Packs a source under the name it shall have, and gives the bytes of the archive.
    static func pack(_ source: Source, as name: String, _ send: @escaping ([UInt8]) throws -> Void) throws -> Int {
        let sink = SendingSink(send)
        let writer = TarWriter(sink)
        let folder = try Descriptor.open(source.folder, O_RDONLY | O_DIRECTORY)
        let archive = TreeArchive(root: folder.number, writer: writer)
        if source.isContents || name == "." || source.name == "/" {
            let directory =
                source.name == "/"
                ? try Descriptor.open("/", O_RDONLY | O_DIRECTORY)
                : try folder.open(source.name, O_RDONLY | O_DIRECTORY)
            for entry in try Files.names(in: source.folder + "/" + source.name).sorted() {
                let inside = name == "." || name == "/" ? "./" + entry : name + "/" + entry
                try archive.add(Array(entry.utf8), in: directory.number, as: Array(inside.utf8))
            }
        } else {
            try archive.add(Array(source.name.utf8), in: folder.number, as: Array(name.utf8))
        }
        try writer.finish()
        try sink.flush()
        return sink.count
    }

    /// Unpacks the daemon's archive, with its first name replaced, and gives the bytes that came. All is the user's,
    /// whoever owned it there.
    static func unpack(
        _ reply: EngineReply, into folder: String, from old: String, as new: String?
    ) throws -> Int {
        guard Files.isDirectory(folder) else {
            throw CommandFailure("invalid output path: directory \"" + folder + "\" does not exist")
        }
        let source = ReplySource(reply)
        var extraction = Extraction()
        extraction.setsOwner = false
        extraction.refusesTypeChange = true
        let directory = try Descriptor.open(folder, O_RDONLY | O_DIRECTORY)
        if let new, new != old {
            try extraction.extract(RenamingSource(source, from: old, to: new), into: directory)
        } else {
            try extraction.extract(source, into: directory)
        }
        return source.count
    }

    /// A request body that a writer makes. A failure of the writer's own is kept aside: the daemon's answer to the
    /// broken request would hide it.
    static func body(
        _ writer: @escaping (@escaping ([UInt8]) throws -> Void) throws -> Void, failed: @escaping (any Error) -> Void
    ) -> HTTPRequest.Body {
        .written { (send) throws(HTTPFailure) in
            var broken: HTTPFailure?
            do {
                try withoutActuallyEscaping(send) { send in
                    try writer { bytes in
                        do throws(HTTPFailure) {
                            try send(bytes)
                        } catch {
                            broken = error
                            throw error
                        }
                    }
                }
            } catch {
                // The daemon stopped reading: its answer says why.
                if broken != nil { return }
                failed(error)
                throw HTTPFailure(.transport, "\(error)")
            }
        }
    }

    /// Sends an archive from standard input.
    static func standardInput(_ send: ([UInt8]) throws -> Void) {
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = buffer.withUnsafeMutableBytes { read(0, $0.baseAddress, $0.count) }
            if count < 0 && cl_errno() == EINTR { continue }
            // A daemon that takes no more says why in its answer.
            guard count > 0, (try? send(Array(buffer[0..<count]))) != nil else { return }
        }
    }
}

/// Collects small writes into pieces worth sending.
final class SendingSink: ByteSink {
    private let send: ([UInt8]) throws -> Void
    private var buffer: [UInt8] = []
    private(set) var count = 0

    init(_ send: @escaping ([UInt8]) throws -> Void) { self.send = send }

    func write(_ bytes: UnsafeRawBufferPointer) throws(StreamError) {
        buffer.append(contentsOf: bytes)
        count += bytes.count
        if buffer.count >= 1 << 16 { try flush() }
    }

    func flush() throws(StreamError) {
        let bytes = buffer
        buffer = []
        do {
            if !bytes.isEmpty { try send(bytes) }
        } catch {
            throw StreamError("\(error)")
        }
    }
}

/// The body of an answer as a source of bytes.
final class ReplySource: ByteSource {
    private let reply: EngineReply
    private var piece: [UInt8] = []
    private var position = 0
    private(set) var count = 0

    init(_ reply: EngineReply) { self.reply = reply }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(StreamError) -> Int {
        if position == piece.count {
            do throws(EngineFailure) {
                piece = try reply.read()
            } catch {
                throw StreamError(error.message)
            }
            position = 0
            count += piece.count
        }
        let given = min(buffer.count, piece.count - position)
        piece.withUnsafeBytes { bytes in
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[position..<(position + given)]))
        }
        position += given
        return given
    }
}

/// An archive whose members have their first name replaced.
final class RenamingSource: ByteSource {
    private let reader: TarReader
    private let old: [UInt8]
    private let new: [UInt8]
    private let sink = BytesQueue()
    private let writer: TarWriter
    private var inMember = false
    private var finished = false

    init(_ source: any ByteSource, from old: String, to new: String) {
        reader = TarReader(source)
        self.old = Array(old.utf8)
        self.new = Array(new.utf8)
        writer = TarWriter(sink)
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(StreamError) -> Int {
        while sink.isEmpty && !finished { try advance() }
        return sink.take(into: buffer)
    }

    private func advance() throws(StreamError) {
        if inMember, let piece = try reader.piece() {
            switch piece {
            case .data(let bytes): try writer.write(bytes)
            case .hole(let count): try zeros(count)
            }
            return
        }
        guard var header = try reader.next() else {
            try writer.finish()
            try reader.drain()
            finished = true
            return
        }
        header.name = renamed(header.name)
        if header.kind == .hardLink { header.linkName = renamed(header.linkName) }
        try writer.add(header)
        inMember = true
    }

    private func zeros(_ count: Int) throws(StreamError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65536, alignment: 16)
        defer { buffer.deallocate() }
        buffer.initializeMemory(as: UInt8.self, repeating: 0)
        var left = count
        while left > 0 {
            let size = min(left, buffer.count)
            try writer.write(UnsafeRawBufferPointer(rebasing: buffer[0..<size]))
            left -= size
        }
    }

    private func renamed(_ name: [UInt8]) -> [UInt8] {
        // The root of a container: every name is below it.
        if old == [47] { return new + (name.first == 47 ? [] : [47]) + name }
        guard name.starts(with: old), name.count == old.count || name[old.count] == 47 else { return name }
        return new + name[old.count...]
    }
}

/// Bytes that wait to be read.
private final class BytesQueue: ByteSink {
    private var bytes: [UInt8] = []
    private var position = 0

    var isEmpty: Bool { position == bytes.count }

    func write(_ piece: UnsafeRawBufferPointer) { bytes.append(contentsOf: piece) }

    func take(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let given = min(buffer.count, bytes.count - position)
        bytes.withUnsafeBytes { all in
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: all[position..<(position + given)]))
        }
        position += given
        if position == bytes.count {
            bytes.removeAll(keepingCapacity: true)
            position = 0
        }
        return given
    }
}
