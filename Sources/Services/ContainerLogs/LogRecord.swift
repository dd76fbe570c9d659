internal import GoText
internal import JSON

/// A record of a log as it is read.
struct LogRecord: Equatable {
    /// Its line feed included where the line had one.
    var text: [UInt8]
    var isStderr: Bool
    /// RFC 3339, as a json-file record has it.
    var time: [UInt8]
    /// The same as a value; read from `time` when it is asked for.
    private var readMoment: Timestamp?
    var attributes: [(name: String, value: String)] = []

    static func == (left: LogRecord, right: LogRecord) -> Bool {
        left.text == right.text && left.isStderr == right.isStderr && left.time == right.time
            && left.attributes.map(\.name) == right.attributes.map(\.name)
            && left.attributes.map(\.value) == right.attributes.map(\.value)
    }

    private static let head = Array("{\"log\":\"".utf8)
    private static let stdout = Array(",\"stream\":\"stdout\",\"time\":\"".utf8)
    private static let stderr = Array(",\"stream\":\"stderr\",\"time\":\"".utf8)

    /// Reads one line of the file, without its line feed; nil when it is no record (a write cut off by a crash).
    init?(_ line: UnsafeRawBufferPointer) {
        self.init(written: line)
        if text.isEmpty && time.isEmpty { self.init(json: line) }
        if time.isEmpty { return nil }
    }

    /// The form both daemons write, without attributes: no parser is needed. Empty when it is another.
    private init(written line: UnsafeRawBufferPointer) {
        text = []
        isStderr = false
        time = []
        guard line.starts(with: Self.head) else { return }
        var index = Self.head.count
        var start = index
        var found: [UInt8] = []
        found.reserveCapacity(line.count)
        while true {
            while index < line.count && line[index] != 0x22 && line[index] != 0x5C { index += 1 }
            guard index < line.count else { return }
            if start < index { found.append(contentsOf: UnsafeRawBufferPointer(rebasing: line[start..<index])) }
            if line[index] == 0x22 { break }
            guard let next = Self.unescape(line, index, &found) else { return }
            index = next
            start = index
        }
        let rest = UnsafeRawBufferPointer(rebasing: line[(index + 1)...])
        let isStdout = rest.starts(with: Self.stdout)
        guard isStdout || rest.starts(with: Self.stderr), rest.count > Self.stdout.count + 2,
            rest[rest.count - 1] == 0x7D,
            rest[rest.count - 2] == 0x22
        else { return }
        isStderr = !isStdout
        text = found
        time = Array(rest[Self.stdout.count..<(rest.count - 2)])
    }

    /// Any JSON with the right members.
    private init(json line: UnsafeRawBufferPointer) {
        text = []
        isStderr = false
        time = []
        // What is no JSON is no record; the caller passes over it.
        guard let object = try? JSON(parsing: Array(line)).object else { return }
        text = Array((object["log"]?.string ?? "").utf8)
        isStderr = object["stream"]?.string == "stderr"
        time = Array((object["time"]?.string ?? "").utf8)
        attributes = (object["attrs"]?.object?.members ?? []).map { ($0.name, $0.value.string ?? "") }
    }

    /// Appends what the escape at `at` stands for; the place behind it, or nil for one that the parser must look at.
    private static func unescape(_ line: UnsafeRawBufferPointer, _ at: Int, _ out: inout [UInt8]) -> Int? {
        guard at + 1 < line.count else { return nil }
        switch line[at + 1] {
        case UInt8(ascii: "n"): out.append(10)
        case UInt8(ascii: "r"): out.append(13)
        case UInt8(ascii: "t"): out.append(9)
        case 0x22, 0x5C, 0x2F: out.append(line[at + 1])
        case UInt8(ascii: "u"):
            guard at + 5 < line.count else { return nil }
            var value: UInt32 = 0
            for digit in line[(at + 2)..<(at + 6)] {
                switch digit {
                case 48...57: value = value << 4 | UInt32(digit - 48)
                case 97...102: value = value << 4 | UInt32(digit - 87)
                case 65...70: value = value << 4 | UInt32(digit - 55)
                default: return nil
                }
            }
            guard let scalar = Unicode.Scalar(value) else { return nil }
            out.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            return at + 6
        default: return nil
        }
        return at + 2
    }

    /// Appends the record as the query wants it.
    func append(to out: inout [UInt8], _ query: LogQuery) {
        let start = out.count
        if query.multiplexed { out += [isStderr ? 2 : 1, 0, 0, 0, 0, 0, 0, 0] }
        if query.timestamps {
            appendFixedTime(to: &out)
            out.append(32)
        }
        if query.details {
            let pairs = attributes.sorted { $0.name < $1.name }.map {
                Self.encoded($0.name) + "=" + Self.encoded($0.value)
            }
            out += Array((pairs.joined(separator: ",") + " ").utf8)
        }
        out += text
        guard query.multiplexed else { return }
        let length = UInt32(truncatingIfNeeded: out.count - start - 8)
        for index in 0..<4 { out[start + 4 + index] = UInt8(truncatingIfNeeded: length >> (24 - 8 * UInt32(index))) }
    }

    /// The time with all nine digits of its fraction, as output carries it.
    private func appendFixedTime(to out: inout [UInt8]) {
        guard time.last == UInt8(ascii: "Z"), time.count >= 20, time.count <= 30 else {
            out += Array((moment?.fixedWidth ?? String(decoding: time, as: UTF8.self)).utf8)
            return
        }
        out += time.dropLast()
        if time.count == 20 { out.append(UInt8(ascii: ".")) }
        out.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: time.count == 20 ? 9 : 30 - time.count))
        out.append(UInt8(ascii: "Z"))
    }

    var moment: Timestamp? {
        get { readMoment ?? Timestamp(rfc3339: String(decoding: time, as: UTF8.self)) }
        set { readMoment = newValue }
    }

    /// Go's url.QueryEscape.
    private static func encoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var out: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 48...57, 65...90, 97...122, 45, 46, 95, 126: out.append(byte)
            case 32: out.append(UInt8(ascii: "+"))
            default: out += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}
