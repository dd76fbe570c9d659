internal import ContainerdAPI
internal import Linux
internal import Protobuf

/// A cgroup's figures as containerd carries them.
enum Metrics {
    /// Under v1 and hybrid the message of v1, else that of v2. A file that is not there leaves its figure at zero.
    static func read(_ cgroup: CgroupPaths) -> ProtobufAny {
        if let unified = cgroup.unified { return ProtobufAny(packing: MetricsV2.read(unified)) }
        return ProtobufAny(packing: MetricsV1.read(cgroup))
    }
}

/// Small files of numbers, as the kernel writes them.
enum Figures {
    static func text(_ path: String) -> String {
        // A controller that is switched off has no files: its figures are zero.
        (try? Files.readText(path)) ?? ""
    }

    /// One number; "max" is the largest there is.
    static func number(_ path: String) -> UInt64 { parse(text(path).split(separator: "\n").first ?? "") }

    static func parse(_ text: Substring) -> UInt64 {
        let bytes = text.utf8.filter { $0 > 32 }
        if bytes.elementsEqual("max".utf8) { return UInt64.max }
        var value: UInt64 = 0
        for byte in bytes {
            guard byte >= 48, byte <= 57 else { return 0 }
            value = value &* 10 &+ UInt64(byte - 48)
        }
        return value
    }

    /// Lines of a name and a number.
    static func table(_ path: String) -> Table { Table(text(path)) }

    struct Table {
        private var values: [String: UInt64] = [:]

        init(_ text: String) {
            for line in text.split(separator: "\n") {
                let fields = line.split(separator: " ")
                if fields.count == 2 { values[String(fields[0])] = parse(fields[1]) }
            }
        }

        subscript(name: String) -> UInt64 { values[name] ?? 0 }
    }
}
