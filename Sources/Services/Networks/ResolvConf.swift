internal import CLinux
internal import Linux

/// The text of a resolv.conf(5).
struct ResolvConf: Equatable, Sendable {
    var text: String

    /// The host's own. Where systemd-resolved stands between it and the real servers, its list of these.
    static func host() -> ResolvConf {
        // A host without one has no servers: that is an answer.
        let text = (try? Files.readText("/etc/resolv.conf")) ?? ""
        let own = ResolvConf(text: text)
        guard own.nameservers == ["127.0.0.53"], let real = try? Files.readText("/run/systemd/resolve/resolv.conf")
        else { return own }
        return ResolvConf(text: real)
    }

    init(text: String) { self.text = text }

    /// From lists; a list that is empty has no line, and the search list "." means none.
    init(nameservers: [String], search: [String], options: [String]) {
        text = ""
        if !search.isEmpty && search != ["."] { text += "search " + search.joined(separator: " ") + "\n" }
        for server in nameservers { text += "nameserver " + server + "\n" }
        if !options.isEmpty { text += "options " + options.joined(separator: " ") + "\n" }
    }

    var nameservers: [String] { values("nameserver").compactMap(\.first).filter(InternetAddress.isAddress) }
    /// The last list counts.
    var search: [String] { values("search").last ?? [] }
    var options: [String] { values("options").last ?? [] }

    private func values(_ keyword: String) -> [[String]] {
        var found: [[String]] = []
        for line in text.split(whereSeparator: \.isNewline) {
            let words = line.prefix { $0 != "#" && $0 != ";" }.split { $0 == " " || $0 == "\t" }.map(String.init)
            if words.first == keyword { found.append(Array(words.dropFirst())) }
        }
        return found
    }

    /// Without servers that a container cannot reach: those on the host's loopback, and IPv6 ones unless it has IPv6.
    /// When none is left, public ones, as upstream has it.
    func filtered(reachesIPv6: Bool) -> ResolvConf {
        var kept = ""
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let words = line.split { $0 == " " || $0 == "\t" }
            if words.count >= 2, words[0] == "nameserver", let server = InternetAddress(String(words[1])),
                server.isLoopback || server.family == AF_INET6 && !reachesIPv6
            {
                continue
            }
            kept += line + "\n"
        }
        if text.hasSuffix("\n") || text.isEmpty { kept.removeLast() }
        var clean = ResolvConf(text: kept)
        if clean.nameservers.isEmpty {
            clean.text += "\nnameserver 8.8.8.8\nnameserver 8.8.4.4"
            if reachesIPv6 { clean.text += "\nnameserver 2001:4860:4860::8888\nnameserver 2001:4860:4860::8844" }
        }
        return clean
    }

    /// The servers themselves: with the ones on the host's loopback, which the daemon can ask in a container's stead.
    static let embedded = "127.0.0.11"
}

/// Where a container's names are looked up.
struct ResolverPlan: Equatable, Sendable {
    var text: String
    /// What the embedded resolver forwards to.
    var servers: [Server]

    struct Server: Equatable, Sendable {
        let address: InternetAddress
        /// Asked from the host's namespace.
        let isHostLoopback: Bool
    }

    /// - Parameters:
    ///   - host: the host's file.
    ///   - reachesIPv6: the container has an IPv6 address.
    ///   - usesHost: the container shares the host's network, and so its servers.
    ///   - isEmbedded: the container is on a network that resolves names.
    init(
        host: ResolvConf, reachesIPv6: Bool = false, dns: [String], search: [String], options: [String],
        usesHost: Bool, isEmbedded: Bool
    ) {
        var base: ResolvConf
        var isOwn = false
        if dns.isEmpty && search.isEmpty && options.isEmpty {
            base = usesHost ? host : host.filtered(reachesIPv6: reachesIPv6)
        } else {
            isOwn = !dns.isEmpty
            base = ResolvConf(
                nameservers: dns.isEmpty ? host.nameservers : dns, search: search.isEmpty ? host.search : search,
                options: options.isEmpty ? host.options : options)
        }
        let forwarded = isOwn ? dns : host.nameservers.isEmpty ? base.nameservers : host.nameservers
        servers = forwarded.compactMap { text in
            guard let address = InternetAddress(text) else { return nil }
            let isHostLoopback = !isOwn && address.isLoopback
            if address.family == AF_INET6 && !reachesIPv6 && !isHostLoopback { return nil }
            return Server(address: address, isHostLoopback: isHostLoopback)
        }
        if servers.isEmpty {
            servers = base.filtered(reachesIPv6: reachesIPv6).nameservers.compactMap { text in
                InternetAddress(text).map { Server(address: $0, isHostLoopback: false) }
            }
        }
        if isEmbedded {
            let given = base.options
            base = ResolvConf(
                nameservers: [ResolvConf.embedded], search: base.search,
                options: given.contains { $0.hasPrefix("ndots:") } ? given : given + ["ndots:0"])
        }
        text = base.text
    }
}
