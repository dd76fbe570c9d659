internal import ByteStream

/// Records of a pax extended header: "LENGTH KEY=VALUE\n", the length counting itself.
enum PaxRecords {
    static let attributePrefix = "SCHILY.xattr."

    static func parse(_ bytes: [UInt8]) throws(StreamError) -> [(key: String, value: [UInt8])] {
        var records: [(key: String, value: [UInt8])] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            guard let space = rest.firstIndex(of: 32), space - rest.startIndex < 20,
                let length = Int(String(decoding: rest[rest.startIndex..<space], as: UTF8.self)),
                length > space - rest.startIndex + 1, length <= rest.count
            else { throw TarBlock.invalid }
            let record = rest[(space + 1)..<(rest.startIndex + length)]
            guard record.last == 10, let equals = record.firstIndex(of: 61), equals > record.startIndex else {
                throw TarBlock.invalid
            }
            let key = String(decoding: record[record.startIndex..<equals], as: UTF8.self)
            let value = Array(record[(equals + 1)..<(record.endIndex - 1)])
            // A path with a NUL in it means one thing to us and another to the kernel.
            if ["path", "linkpath", "uname", "gname"].contains(key) && value.contains(0) { throw TarBlock.invalid }
            records.append((key, value))
            rest = rest[(rest.startIndex + length)...]
        }
        return records
    }

    static func append(_ key: String, _ value: [UInt8], to bytes: inout [UInt8]) {
        let body = key.utf8.count + value.count + 3
        var length = body + String(body).utf8.count
        if String(length).utf8.count != String(body).utf8.count { length = body + String(length).utf8.count }
        bytes.append(contentsOf: "\(length) \(key)=".utf8)
        bytes.append(contentsOf: value)
        bytes.append(10)
    }

    /// Lets the records speak over what the header's own fields say; an empty value leaves the field.
    static func merge(_ records: [(key: String, value: [UInt8])], into header: inout TarHeader) throws(StreamError) {
        for (key, value) in records where !value.isEmpty || key.hasPrefix(attributePrefix) {
            let text = String(decoding: value, as: UTF8.self)
            switch key {
            case "path": header.name = value
            case "linkpath": header.linkName = value
            case "uname": header.userName = text
            case "gname": header.groupName = text
            case "uid": header.uid = try integer(text)
            case "gid": header.gid = try integer(text)
            case "size":
                header.size = try integer(text)
                guard header.size >= 0 else { throw TarBlock.invalid }
            case "mtime": header.modified = try time(text)
            case "atime": header.accessed = try time(text)
            case "ctime": header.changed = try time(text)
            default:
                if key.hasPrefix(attributePrefix) {
                    header.attributes[String(key.dropFirst(attributePrefix.count))] = value
                }
            }
        }
    }

    static func integer(_ text: String) throws(StreamError) -> Int {
        guard let value = Int(text) else { throw TarBlock.invalid }
        return value
    }

    static func time(_ text: String) throws(StreamError) -> TarHeader.Time {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let seconds = Int(parts[0]) else { throw TarBlock.invalid }
        guard parts.count == 2 else { return .init(seconds: seconds) }
        guard parts[1].utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }) else { throw TarBlock.invalid }
        let digits = (parts[1] + "000000000").prefix(9)
        guard let nanoseconds = Int(digits) else { throw TarBlock.invalid }
        guard parts[0].hasPrefix("-"), nanoseconds > 0 else { return .init(seconds: seconds, nanoseconds: nanoseconds) }
        guard seconds > Int.min else { throw TarBlock.invalid }
        return .init(seconds: seconds - 1, nanoseconds: 1_000_000_000 - nanoseconds)
    }

    static func text(_ time: TarHeader.Time) -> String {
        guard time.nanoseconds != 0 else { return String(time.seconds) }
        let negative = time.seconds < 0
        let whole = negative ? -(time.seconds + 1) : time.seconds
        let part = negative ? 1_000_000_000 - time.nanoseconds : time.nanoseconds
        var digits = String(String(part + 1_000_000_000).dropFirst())
        while digits.hasSuffix("0") { digits.removeLast() }
        return (negative ? "-" : "") + "\(whole).\(digits)"
    }
}
