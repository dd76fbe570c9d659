internal import ByteStream

/// The 512 bytes of one header, read field by field.
struct TarBlock {
    static let size = 512
    let bytes: [UInt8]

    /// Bytes after content that fill the last block.
    static func padding(_ size: Int) -> Int { (512 - size & 511) & 511 }

    static let invalid = StreamError("archive/tar: invalid tar header")

    var isZero: Bool { bytes.allSatisfy { $0 == 0 } }
    var flag: UInt8 { bytes[156] }
    var isGNU: Bool { bytes[257..<265].elementsEqual("ustar  \0".utf8) }
    var isUstar: Bool { bytes[257..<263].elementsEqual("ustar\0".utf8) }

    /// The sum of all bytes, the checksum's own taken as spaces; old writers summed signed bytes.
    var checksumIsRight: Bool {
        guard let written = try? number(148..<156) else { return false }  // An unreadable number is a wrong one.
        var unsigned = 0
        var signed = 0
        for (index, byte) in bytes.enumerated() {
            let counted = index >= 148 && index < 156 ? 32 : byte
            unsigned += Int(counted)
            signed += Int(Int8(bitPattern: counted))
        }
        return written == unsigned || written == signed
    }

    /// The bytes of a field up to its first NUL.
    func text(_ range: Range<Int>) -> [UInt8] {
        let field = bytes[range]
        return Array(field[..<(field.firstIndex(of: 0) ?? field.endIndex)])
    }

    /// A number in octal digits, or in base 256 when the first bit is set (GNU, star).
    func number(_ range: Range<Int>) throws(StreamError) -> Int {
        if bytes[range.lowerBound] & 0x80 != 0 { return try binary(range) }
        var value = 0
        var digits = bytes[range]
        while let first = digits.first, first == 32 || first == 0 { digits = digits.dropFirst() }
        while let last = digits.last, last == 32 || last == 0 { digits = digits.dropLast() }
        for digit in digits {
            if digit == 0 { break }
            guard digit >= 48 && digit <= 55, value < Int.max >> 3 else { throw Self.invalid }
            value = value << 3 | Int(digit - 48)
        }
        return value
    }

    private func binary(_ range: Range<Int>) throws(StreamError) -> Int {
        let negative = bytes[range.lowerBound] & 0x40 != 0
        var value: UInt64 = 0
        for index in range {
            var byte = negative ? ~bytes[index] : bytes[index]
            if index == range.lowerBound { byte &= 0x7F }
            guard value >> 56 == 0 else { throw Self.invalid }
            value = value << 8 | UInt64(byte)
        }
        guard value <= UInt64(Int.max) else { throw Self.invalid }
        return negative ? ~Int(value) : Int(value)
    }

    /// The member this block alone describes.
    func header() throws(StreamError) -> TarHeader {
        var header = TarHeader(.init(flag: flag), text(0..<100), mode: UInt32(try number(100..<108) & 0o7777))
        header.uid = try number(108..<116)
        header.gid = try number(116..<124)
        header.size = try number(124..<136)
        header.modified = .init(seconds: try number(136..<148))
        header.linkName = text(157..<257)
        guard header.size >= 0 else { throw Self.invalid }
        guard isUstar || isGNU else { return header }
        header.userName = String(decoding: text(265..<297), as: UTF8.self)
        header.groupName = String(decoding: text(297..<329), as: UTF8.self)
        header.deviceMajor = try number(329..<337)
        header.deviceMinor = try number(337..<345)
        if isUstar {
            let prefix = text(345..<500)
            if !prefix.isEmpty { header.name = prefix + [47] + header.name }
        }
        return header
    }
}
