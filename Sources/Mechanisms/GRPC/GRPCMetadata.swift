internal import NIOHPACK

/// The headers of a call that belong to its user. Names are in lower case.
public struct GRPCMetadata: Sendable, Equatable {
    /// Name and value, in the order sent.
    public var entries: [Entry] = []

    public struct Entry: Sendable, Equatable {
        public var name: String
        public var value: String
    }

    public init() {}

    public init(_ entries: [(String, String)]) {
        for (name, value) in entries { add(name, value) }
    }

    public mutating func add(_ name: String, _ value: String) { entries.append(Entry(name: name, value: value)) }

    /// The first value of `name`; nil when there is none.
    public subscript(_ name: String) -> String? { entries.first { $0.name == name }?.value }

    init(_ headers: HPACKHeaders) {
        for (name, value, _) in headers where !name.hasPrefix(":") && !Self.isReserved(name) { add(name, value) }
    }

    func append(to headers: inout HPACKHeaders) {
        for entry in entries { headers.add(name: entry.name, value: entry.value) }
    }

    private static func isReserved(_ name: String) -> Bool {
        switch name {
        case "te", "content-type", "user-agent", "grpc-timeout", "grpc-encoding", "grpc-accept-encoding",
            "grpc-status", "grpc-message":
            true
        default: false
        }
    }
}

/// `grpc-timeout`: up to eight digits and a unit.
enum GRPCTimeout {
    static func nanoseconds(_ text: String) -> Int64? {
        guard let unit = text.utf8.last, text.utf8.count <= 9, let count = Int64(text.dropLast()), count >= 0 else {
            return nil
        }
        let factor: Int64
        switch unit {
        case UInt8(ascii: "H"): factor = 3_600_000_000_000
        case UInt8(ascii: "M"): factor = 60_000_000_000
        case UInt8(ascii: "S"): factor = 1_000_000_000
        case UInt8(ascii: "m"): factor = 1_000_000
        case UInt8(ascii: "u"): factor = 1_000
        case UInt8(ascii: "n"): factor = 1
        default: return nil
        }
        let (product, overflow) = count.multipliedReportingOverflow(by: factor)
        return overflow ? .max : product
    }

    /// The finest unit in which the number has eight digits or fewer.
    static func text(_ nanoseconds: Int64) -> String {
        var count = max(nanoseconds, 0)
        for (unit, next) in [("n", 1_000), ("u", 1_000), ("m", 1_000), ("S", 60), ("M", 60)] as [(String, Int64)] {
            if count < 100_000_000 { return String(count) + unit }
            count = count / next + (count % next == 0 ? 0 : 1)
        }
        return String(min(count, 99_999_999)) + "H"
    }
}

/// `grpc-message`: percent-encoded UTF-8.
enum GRPCMessageText {
    static func encode(_ text: String) -> String {
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7f && $0 != 0x25 }) { return text }
        let digits = Array("0123456789ABCDEF".utf8)
        var out: [UInt8] = []
        for byte in text.utf8 {
            if byte >= 0x20 && byte < 0x7f && byte != 0x25 {
                out.append(byte)
            } else {
                out += [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    static func decode(_ text: String) -> String {
        let bytes = Array(text.utf8)
        guard bytes.contains(0x25) else { return text }
        var out: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == 0x25, index + 2 < bytes.count, let high = digit(bytes[index + 1]),
                let low = digit(bytes[index + 2])
            {
                out.append(high << 4 | low)
                index += 3
            } else {
                out.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 48...57: byte - 48
        case 65...70: byte - 55
        case 97...102: byte - 87
        default: nil
        }
    }
}
