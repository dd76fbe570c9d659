internal import EngineAPI

/// The options of a tmpfs as mount(8) takes them.
enum TmpfsMountOptions {
    private static let opposites = [
        "exec": "noexec", "suid": "nosuid", "dev": "nodev", "ro": "rw", "async": "sync", "atime": "noatime",
        "diratime": "nodiratime", "relatime": "norelatime", "strictatime": "nostrictatime", "mand": "nomand",
    ]
    private static let propagations = [
        "private", "rprivate", "shared", "rshared", "slave", "rslave", "unbindable", "runbindable",
    ]
    private static let withValue: Set<String> = ["mode", "uid", "gid", "size", "nr_inodes", "nr_blocks", "mpol"]
    private static let plain: Set<String> = {
        var all: Set<String> = ["defaults", "bind", "rbind", "remount", "dirsync"]
        for (one, other) in opposites { all.formUnion([one, other]) }
        return all.union(propagations)
    }()

    /// The usual options with those given over them. A later one replaces an earlier one of the same subject.
    static func merged(_ given: [String]) throws(EngineError) -> [String] {
        var kept: [(subject: String, option: String)] = []
        for option in ["noexec", "nosuid", "nodev", "rprivate"] + given {
            let subject = try subject(of: option)
            kept.removeAll { $0.subject == subject }
            if option != "defaults" { kept.append((subject, option)) }
        }
        return kept.map(\.option)
    }

    private static func subject(of option: String) throws(EngineError) -> String {
        let name = String(option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)[0])
        if option.utf8.contains(UInt8(ascii: "=")) {
            if withValue.contains(name) { return name }
        } else if plain.contains(name) {
            if propagations.contains(name) { return "propagation" }
            for (one, other) in opposites where name == one || name == other { return one }
            return name
        }
        let words = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        throw .invalid("invalid tmpfs option [" + words.map { "\"" + $0 + "\"" }.joined(separator: " ") + "]")
    }

    /// The options of a mount in the long form.
    static func options(_ options: TmpfsOptions?, readOnly: Bool) throws(EngineError) -> [String] {
        var all: [String] = []
        if readOnly { all.append("ro") }
        guard let options else { return all }
        if options.mode != 0 { all.append("mode=" + String(options.mode, radix: 8)) }
        if options.sizeBytes != 0 { all.append("size=" + sized(options.sizeBytes)) }
        for option in options.options {
            guard option.count == 1 || option.count == 2 else { throw .invalid("invalid option array length") }
            all.append(option.joined(separator: "="))
        }
        return all
    }

    /// Bytes with the largest suffix that loses nothing.
    private static func sized(_ bytes: Int) -> String {
        for (suffix, unit) in [("g", 1 << 30), ("m", 1 << 20), ("k", 1 << 10)] where bytes % unit == 0 {
            return String(bytes / unit) + suffix
        }
        return String(bytes)
    }
}
