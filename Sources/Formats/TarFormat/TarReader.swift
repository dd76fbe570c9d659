public import ByteStream

/// Reads an archive member by member, in one pass. Hostile input gives an error, never a crash, and never more memory
/// than its extended headers may have (1 MiB each).
public final class TarReader {
    /// A piece of a member's content.
    public enum Piece {
        /// Valid until the next call.
        case data(UnsafeRawBufferPointer)
        /// That many zeros of a sparse file.
        case hole(Int)
    }

    private let source: BufferedSource
    /// Bytes of content and padding still to come of the current member.
    private var left = 0
    private var padding = 0
    private var sparse: SparseMap?
    private var sparseNext = 0
    private var logical = 0

    static let mostSpecial = 1 << 20

    public init(_ source: any ByteSource) { self.source = source as? BufferedSource ?? BufferedSource(source) }

    /// The next member, the rest of the one before passed over; nil at the end of the archive.
    public func next() throws(StreamError) -> TarHeader? {
        var records: [(key: String, value: [UInt8])] = []
        var longName: [UInt8]?
        var longLink: [UInt8]?
        while true {
            try source.skip(left)
            try source.skip(padding)
            left = 0
            padding = 0
            sparse = nil
            guard let block = try block() else { return nil }
            switch block.flag {
            case UInt8(ascii: "x"), UInt8(ascii: "X"): records = try PaxRecords.parse(try special(block))
            case UInt8(ascii: "g"): _ = try PaxRecords.parse(try special(block))
            case UInt8(ascii: "L"): longName = Self.upToNUL(try special(block))
            case UInt8(ascii: "K"): longLink = Self.upToNUL(try special(block))
            default: return try member(block, records, longName, longLink)
            }
        }
    }

    /// The next piece of the current member's content; nil when there is no more.
    public func piece() throws(StreamError) -> Piece? {
        var most = left
        if let sparse {
            let edge = sparseNext < sparse.pieces.count ? sparse.pieces[sparseNext].offset : sparse.size
            if logical < edge {
                let hole = edge - logical
                logical = edge
                return .hole(hole)
            }
            guard sparseNext < sparse.pieces.count else { return nil }
            most = edge + sparse.pieces[sparseNext].length - logical
            if most == 0 {
                sparseNext += 1
                return try piece()
            }
        }
        guard most > 0 else { return nil }
        let found = try source.window(most: most)
        guard found.count > 0 else { throw .unexpectedEnd }
        source.consume(found.count)
        left -= found.count
        logical += found.count
        if let sparse, logical == sparse.pieces[sparseNext].offset + sparse.pieces[sparseNext].length {
            sparseNext += 1
        }
        return .data(found)
    }

    /// The whole content of the current member, refused when larger than `limit`.
    public func content(limit: Int) throws(StreamError) -> [UInt8] {
        var bytes: [UInt8] = []
        while let piece = try piece() {
            switch piece {
            case .data(let found):
                guard found.count <= limit - bytes.count else {
                    throw StreamError("file is larger than \(limit) bytes")
                }
                bytes.append(contentsOf: found)
            case .hole(let count):
                guard count <= limit - bytes.count else { throw StreamError("file is larger than \(limit) bytes") }
                bytes += [UInt8](repeating: 0, count: count)
            }
        }
        return bytes
    }

    /// Reads what follows the end of the archive, so that a digest of the stream covers every byte of it.
    public func drain() throws(StreamError) {
        while true {
            let found = try source.window(most: Int.max)
            if found.count == 0 { return }
            source.consume(found.count)
        }
    }

    private func block() throws(StreamError) -> TarBlock? {
        guard let first = try rawBlock() else { return nil }
        if first.isZero {
            // Two blocks of zeros end an archive; one followed by something else is damage (Go says so too).
            guard let second = try rawBlock() else { return nil }
            guard second.isZero else { throw TarBlock.invalid }
            return nil
        }
        guard first.checksumIsRight else { throw TarBlock.invalid }
        return first
    }

    private func rawBlock() throws(StreamError) -> TarBlock? {
        let found = try source.peek(TarBlock.size)
        if found.count == 0 { return nil }
        guard found.count == TarBlock.size else { throw .unexpectedEnd }
        let block = TarBlock(bytes: Array(found))
        source.consume(TarBlock.size)
        return block
    }

    /// The content of an extended header.
    private func special(_ block: TarBlock) throws(StreamError) -> [UInt8] {
        let size = try block.number(124..<136)
        guard size >= 0, size <= Self.mostSpecial else { throw StreamError("archive/tar: header field too long") }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(size)
        while bytes.count < size {
            let found = try source.window(most: size - bytes.count)
            guard found.count > 0 else { throw .unexpectedEnd }
            bytes.append(contentsOf: found)
            source.consume(found.count)
        }
        padding = TarBlock.padding(size)
        return bytes
    }

    private func member(
        _ block: TarBlock, _ records: [(key: String, value: [UInt8])], _ longName: [UInt8]?, _ longLink: [UInt8]?
    ) throws(StreamError) -> TarHeader {
        var header = try block.header()
        try PaxRecords.merge(records, into: &header)
        if let longName { header.name = longName }
        if let longLink { header.linkName = longLink }
        if header.kind == .file && header.name.last == 47 { header.kind = .directory }
        left = header.kind.hasContent ? header.size : 0
        if !header.kind.hasContent { header.size = 0 }
        guard left <= Int.max - 512 else { throw TarBlock.invalid }
        padding = TarBlock.padding(left)
        if block.flag == UInt8(ascii: "S") {
            sparse = try oldSparse(block)
        } else if header.kind == .file {
            sparse = try paxSparse(records, &header)
        }
        if let sparse {
            try sparse.check(physical: left)
            header.size = sparse.size
        }
        sparseNext = 0
        logical = 0
        return header
    }

    private func oldSparse(_ block: TarBlock) throws(StreamError) -> SparseMap {
        var map = SparseMap(pieces: try SparseMap.pairs(block, at: 386, count: 4), size: try block.number(483..<495))
        var more = block.bytes[482] != 0
        while more {
            guard let next = try rawBlock() else { throw .unexpectedEnd }
            guard map.pieces.count < Self.mostSpecial / 24 else { throw TarBlock.invalid }
            map.pieces += try SparseMap.pairs(next, at: 0, count: 21)
            more = next.bytes[504] != 0
        }
        return map
    }

    private func paxSparse(
        _ records: [(key: String, value: [UInt8])], _ header: inout TarHeader
    ) throws(StreamError) -> SparseMap? {
        func value(_ key: String) -> [UInt8]? { records.last { $0.key == key }?.value }
        guard records.contains(where: { $0.key.hasPrefix("GNU.sparse.") }) else { return nil }
        if let name = value("GNU.sparse.name") { header.name = name }
        guard value("GNU.sparse.major") == [49] else { return try SparseMap.fromRecords(records) }
        guard let text = value("GNU.sparse.realsize") else { throw TarBlock.invalid }
        let size = try PaxRecords.integer(String(decoding: text, as: UTF8.self))
        return SparseMap(pieces: try leadingMap(), size: size)
    }

    /// pax format 1.0: the map is decimal lines at the head of the content, filled up to a block.
    private func leadingMap() throws(StreamError) -> [(offset: Int, length: Int)] {
        var numbers: [Int] = []
        var wanted = 1
        var digits: [UInt8] = []
        while numbers.count < wanted {
            guard left >= TarBlock.size, let block = try rawBlock() else { throw TarBlock.invalid }
            left -= TarBlock.size
            for byte in block.bytes {
                if byte != 10 {
                    guard digits.count < 20 else { throw TarBlock.invalid }
                    digits.append(byte)
                    continue
                }
                let number = try PaxRecords.integer(String(decoding: digits, as: UTF8.self))
                digits = []
                if numbers.isEmpty {
                    guard number >= 0, number < Self.mostSpecial else { throw TarBlock.invalid }
                    wanted = 1 + 2 * number
                }
                numbers.append(number)
                if numbers.count == wanted { break }
            }
        }
        return stride(from: 1, to: wanted, by: 2).map { (numbers[$0], numbers[$0 + 1]) }
    }

    private static func upToNUL(_ bytes: [UInt8]) -> [UInt8] {
        Array(bytes[..<(bytes.firstIndex(of: 0) ?? bytes.endIndex)])
    }
}
