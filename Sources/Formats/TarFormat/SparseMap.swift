internal import ByteStream

/// Where the data of a sparse file lies in it; between the pieces are holes.
struct SparseMap {
    /// Offsets and lengths, ascending, not overlapping, inside the file.
    var pieces: [(offset: Int, length: Int)]
    /// The file's size with its holes.
    var size: Int

    /// `physical`: the bytes of data in the archive, which the pieces must add up to.
    func check(physical: Int) throws(StreamError) {
        guard size >= 0 else { throw TarBlock.invalid }
        var end = 0
        var total = 0
        for piece in pieces {
            guard piece.offset >= end, piece.length >= 0, piece.offset <= size, piece.length <= size - piece.offset
            else {
                throw TarBlock.invalid
            }
            end = piece.offset + piece.length
            total += piece.length
        }
        guard total == physical else { throw TarBlock.invalid }
    }

    /// Old GNU format, the entries of one block: `count` pairs at `start`, 24 bytes each.
    static func pairs(_ block: TarBlock, at start: Int, count: Int) throws(StreamError) -> [(offset: Int, length: Int)]
    {
        var found: [(offset: Int, length: Int)] = []
        for index in 0..<count {
            let at = start + index * 24
            guard block.bytes[at] != 0 else { break }
            found.append((try block.number(at..<at + 12), try block.number(at + 12..<at + 24)))
        }
        return found
    }

    /// pax formats 0.0 (repeated records) and 0.1 (one record of commas).
    static func fromRecords(_ records: [(key: String, value: [UInt8])]) throws(StreamError) -> SparseMap? {
        var numbers: [Int] = []
        var size: Int?
        var found = false
        for (key, value) in records {
            let text = String(decoding: value, as: UTF8.self)
            switch key {
            case "GNU.sparse.offset", "GNU.sparse.numbytes":
                numbers.append(try PaxRecords.integer(text))
                found = true
            case "GNU.sparse.map":
                for part in text.split(separator: ",") { numbers.append(try PaxRecords.integer(String(part))) }
                found = true
            case "GNU.sparse.size", "GNU.sparse.realsize": size = try PaxRecords.integer(text)
            default: break
            }
        }
        guard found, let size else { return nil }
        guard numbers.count % 2 == 0 else { throw TarBlock.invalid }
        return SparseMap(
            pieces: stride(from: 0, to: numbers.count, by: 2).map { (numbers[$0], numbers[$0 + 1]) }, size: size)
    }
}
