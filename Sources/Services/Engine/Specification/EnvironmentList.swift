/// The environment of a container's processes.
enum EnvironmentList {
    static let usualPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// `changes` over `base`: NAME=value replaces or is added, NAME alone removes.
    static func replacing(_ base: [String], with changes: [String]) -> [String] {
        var result = base
        for change in changes {
            let name = change.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)[0]
            let hasValue = change.utf8.contains(UInt8(ascii: "="))
            let index = result.firstIndex { entry in
                entry.hasPrefix(name + "=") || entry == name
            }
            if let index {
                if hasValue { result[index] = change } else { result.remove(at: index) }
            } else if hasValue {
                result.append(change)
            }
        }
        return result
    }

    /// What a container's first process gets: the usual variables under its own.
    /// `linked`: what it learns of linked containers.
    static func ofContainer(
        _ own: [String], hostname: String, hasTerminal: Bool, linked: [String] = []
    ) -> [String] {
        var base = [usualPath, "HOSTNAME=" + hostname]
        if hasTerminal { base.append("TERM=xterm") }
        return replacing(base + linked, with: own)
    }
}
