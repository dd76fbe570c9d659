internal import GoText

/// When a record came, in both forms that records need.
struct LogMoment: Equatable {
    /// RFC 3339.
    let text: [UInt8]
    /// Since 1970.
    let nanoseconds: Int

    init(_ time: Timestamp) {
        text = Array(time.description.utf8)
        nanoseconds = time.totalNanoseconds
    }
}

/// One piece of a line that was too long for one record.
struct LogPart {
    /// The same for all pieces of a line.
    let id: [UInt8]
    /// From 1.
    var ordinal = 1
    var isLast = false
}

/// Writes the records of one stream.
enum LogEncoding {
    case jsonFile(JSONRecords)
    /// `head` is the field that names the stream.
    case local(head: [UInt8])

    init(_ format: LogFormat, _ stream: LogStream, attributes: [String: String]) {
        switch format {
        case .jsonFile: self = .jsonFile(JSONRecords(stream, attributes))
        case .local: self = .local(head: [0x0A, UInt8(stream.name.utf8.count)] + stream.name.utf8)
        }
    }

    /// Appends a record. `part`: nil for a whole line; a json-file record tells a piece by the line feed it lacks.
    func append(_ text: UnsafeRawBufferPointer, _ part: LogPart?, _ time: LogMoment, to out: inout [UInt8]) {
        switch self {
        case .jsonFile(let records): records.append(text, endsLine: part?.isLast != false, time, to: &out)
        case .local(let head):
            let start = out.count
            out.append(contentsOf: [0, 0, 0, 0])
            out.append(contentsOf: head)
            Self.number(0x10, UInt64(bitPattern: Int64(time.nanoseconds)), &out)
            if text.count > 0 {
                Self.number(0x1A, UInt64(text.count), &out)
                out.append(contentsOf: text)
            }
            if let part { Self.append(part, &out) }
            let size = UInt32(truncatingIfNeeded: out.count - start - 4)
            for index in 0..<4 {
                let byte = UInt8(truncatingIfNeeded: size >> (24 - 8 * UInt32(index)))
                out[start + index] = byte
                out.append(byte)
            }
        }
    }

    private static func append(_ part: LogPart, _ out: inout [UInt8]) {
        var inside: [UInt8] = part.isLast ? [0x08, 1] : []
        number(0x12, UInt64(part.id.count), &inside)
        inside += part.id
        number(0x18, UInt64(part.ordinal), &inside)
        out += [0x20, 1]
        number(0x2A, UInt64(inside.count), &out)
        out += inside
    }

    /// A tag and a varint.
    private static func number(_ tag: UInt8, _ value: UInt64, _ out: inout [UInt8]) {
        out.append(tag)
        var rest = value
        while rest >= 0x80 {
            out.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        out.append(UInt8(rest))
    }
}

/// Writes the json-file records of one stream. Used by one thread.
///
/// What a record has around its text lies outside of arrays: counting references costs more than copying a line.
final class JSONRecords {
    private static let head: StaticString = "{\"log\":\""
    /// All that stands between the line feed of a record's text and its time.
    private let tail: [UInt8]
    /// What follows the text of all records that come at one moment, the line feed first.
    private var ending = UnsafeMutableRawBufferPointer.allocate(byteCount: 0, alignment: 1)
    private var time = -1

    init(_ stream: LogStream, _ attributes: [String: String]) { tail = Self.tail(stream, attributes) }

    deinit { ending.deallocate() }

    func append(_ text: UnsafeRawBufferPointer, endsLine: Bool, _ moment: LogMoment, to out: inout [UInt8]) {
        out.append(contentsOf: UnsafeRawBufferPointer(start: Self.head.utf8Start, count: Self.head.utf8CodeUnitCount))
        JSONText.escape(text, into: &out)
        if time != moment.nanoseconds { set(moment) }
        let skipped = endsLine ? 0 : JSONText.lineFeed.count
        out.append(contentsOf: UnsafeRawBufferPointer(rebasing: ending[skipped...]))
    }

    private func set(_ moment: LogMoment) {
        let bytes = JSONText.lineFeed + tail + moment.text + Array("\"}\n".utf8)
        ending.deallocate()
        ending = .allocate(byteCount: bytes.count, alignment: 1)
        ending.copyBytes(from: bytes)
        time = moment.nanoseconds
    }

    private static func tail(_ stream: LogStream, _ attributes: [String: String]) -> [UInt8] {
        func quoted(_ text: String, into out: inout [UInt8]) {
            out.append(UInt8(ascii: "\""))
            Array(text.utf8).withUnsafeBytes { JSONText.escape($0, into: &out) }
            out.append(UInt8(ascii: "\""))
        }
        var text = Array("\",\"stream\":\"\(stream.name)\"".utf8)
        if !attributes.isEmpty {
            text += Array(",\"attrs\":{".utf8)
            for (index, attribute) in attributes.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { text.append(UInt8(ascii: ",")) }
                quoted(attribute.key, into: &text)
                text.append(UInt8(ascii: ":"))
                quoted(attribute.value, into: &text)
            }
            text.append(UInt8(ascii: "}"))
        }
        return text + Array(",\"time\":\"".utf8)
    }
}
