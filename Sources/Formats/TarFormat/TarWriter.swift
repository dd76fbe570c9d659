public import ByteStream

/// Writes an archive, ustar where it suffices and pax records where it does not, as Go's archive/tar does for
/// FormatPAX.
public final class TarWriter {
    private let sink: any ByteSink
    private var left = 0
    private var padding = 0
    private static let zeros = [UInt8](repeating: 0, count: 1024)

    public init(_ sink: any ByteSink) { self.sink = sink }

    /// Begins a member; its `size` bytes of content follow by `write`.
    public func add(_ header: TarHeader) throws(StreamError) {
        try endMember()
        try sink.write(try Self.encode(header))
        left = header.kind.hasContent ? header.size : 0
        padding = TarBlock.padding(left)
    }

    /// Content of the member begun last; more than its header announced is refused.
    public func write(_ bytes: UnsafeRawBufferPointer) throws(StreamError) {
        guard bytes.count <= left else { throw StreamError("archive/tar: write too long") }
        left -= bytes.count
        try sink.write(bytes)
    }

    /// A member with its content.
    public func add(_ header: TarHeader, content: [UInt8]) throws(StreamError) {
        var header = header
        header.size = content.count
        try add(header)
        try content.withUnsafeBufferPointer { (bytes) throws(StreamError) in try write(UnsafeRawBufferPointer(bytes)) }
    }

    /// Ends the archive with its two blocks of zeros.
    public func finish() throws(StreamError) {
        try endMember()
        try sink.write(Self.zeros)
    }

    private func endMember() throws(StreamError) {
        guard left == 0 else { throw StreamError("archive/tar: missed writing \(left) bytes") }
        if padding > 0 { try sink.write(Array(Self.zeros[0..<padding])) }
        padding = 0
    }

    /// The blocks of a header, its pax records before it.
    public static func encode(_ header: TarHeader) throws(StreamError) -> [UInt8] {
        var records: [(key: String, value: [UInt8])] = header.attributes.map { (PaxRecords.attributePrefix + $0, $1) }
        func needsRecord(_ bytes: [UInt8], _ room: Int) -> Bool { bytes.count > room || bytes.contains { $0 >= 128 } }
        if needsRecord(header.name, 100) { records.append(("path", header.name)) }
        if needsRecord(header.linkName, 100) { records.append(("linkpath", header.linkName)) }
        if needsRecord(Array(header.userName.utf8), 32) { records.append(("uname", Array(header.userName.utf8))) }
        if needsRecord(Array(header.groupName.utf8), 32) { records.append(("gname", Array(header.groupName.utf8))) }
        func numeric(_ key: String, _ value: Int, _ digits: Int) {
            if value < 0 || value >= 1 << (3 * digits) { records.append((key, Array(String(value).utf8))) }
        }
        numeric("uid", header.uid, 7)
        numeric("gid", header.gid, 7)
        numeric("size", header.size, 11)
        if header.modified.nanoseconds != 0 || header.modified.seconds < 0 || header.modified.seconds >= 1 << 33 {
            records.append(("mtime", Array(PaxRecords.text(header.modified).utf8)))
        }
        if let time = header.accessed { records.append(("atime", Array(PaxRecords.text(time).utf8))) }
        if let time = header.changed { records.append(("ctime", Array(PaxRecords.text(time).utf8))) }
        var bytes: [UInt8] = []
        if !records.isEmpty {
            records.sort { $0.key < $1.key }
            var body: [UInt8] = []
            for (key, value) in records { PaxRecords.append(key, value, to: &body) }
            var extended = TarHeader(.other(UInt8(ascii: "x")), paxName(header.name), mode: 0, size: body.count)
            extended.name = Array(extended.name.prefix(100))
            bytes += block(extended) + body + zeros[0..<TarBlock.padding(body.count)]
        }
        return bytes + block(header)
    }

    /// "DIRECTORY/PaxHeaders.0/NAME", as Go and GNU tar call the extended header.
    private static func paxName(_ name: [UInt8]) -> [UInt8] {
        var parts = name.split(separator: 47)
        let last = parts.popLast() ?? []
        var path = parts.map { Array($0) } + [Array("PaxHeaders.0".utf8), Array(last)]
        if name.first == 47 { path.insert([], at: 0) }
        return Array(path.joined(separator: [47])).map { $0 < 128 ? $0 : UInt8(ascii: "_") }
    }

    private static func block(_ header: TarHeader) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: TarBlock.size)
        func put(_ bytes: some Collection<UInt8>, _ at: Int, _ room: Int) {
            for (index, byte) in bytes.prefix(room).enumerated() { block[at + index] = byte < 128 ? byte : 95 }
        }
        func number(_ value: Int, _ at: Int, _ digits: Int) {
            let fits = value >= 0 && value < 1 << (3 * digits)
            let text = String(fits ? value : 0, radix: 8)
            put((String(repeating: "0", count: digits - text.utf8.count) + text).utf8, at, digits)
        }
        put(trimmed(header.name), 0, 100)
        number(Int(header.mode), 100, 7)
        number(header.uid, 108, 7)
        number(header.gid, 116, 7)
        number(header.kind.hasContent ? header.size : 0, 124, 11)
        number(header.modified.seconds, 136, 11)
        block[156] = header.kind.flag
        put(header.linkName, 157, 100)
        put("ustar\0".utf8, 257, 6)
        put("00".utf8, 263, 2)
        put(header.userName.utf8, 265, 32)
        put(header.groupName.utf8, 297, 32)
        number(header.deviceMajor, 329, 7)
        number(header.deviceMinor, 337, 7)
        for index in 148..<156 { block[index] = 32 }
        number(block.reduce(0) { $0 + Int($1) }, 148, 6)
        block[154] = 0
        return block
    }

    /// A long name is cut; a cut that ends in a slash would turn a file into a directory for old readers.
    private static func trimmed(_ name: [UInt8]) -> [UInt8] {
        guard name.count > 100 else { return name }
        var cut = Array(name.prefix(100))
        while cut.last == 47 { cut.removeLast() }
        return cut
    }
}
