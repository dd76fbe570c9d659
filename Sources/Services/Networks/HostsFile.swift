internal import EngineAPI

/// The text of a container's hosts(5).
struct HostsFile {
    /// Lines of "address\tnames" behind the standard ones, in the order upstream writes them: extra hosts, links, self.
    static func text(extra: [String], links: [String], own addresses: [String], hostname: String, domainname: String)
        -> String
    {
        var text = """
            127.0.0.1\tlocalhost
            ::1\tlocalhost ip6-localhost ip6-loopback
            fe00::0\tip6-localnet
            ff00::0\tip6-mcastprefix
            ff02::1\tip6-allnodes
            ff02::2\tip6-allrouters

            """
        for line in extra + links { text += line + "\n" }
        let names = ownNames(hostname: hostname, domainname: domainname)
        if !names.isEmpty { for address in addresses { text += address + "\t" + names + "\n" } }
        return text
    }

    /// The full name and the part before its first dot.
    static func ownNames(hostname: String, domainname: String) -> String {
        let full = domainname.isEmpty ? hostname : hostname + "." + domainname
        let parts = full.split(separator: ".", maxSplits: 1)
        return parts.count > 1 ? full + " " + parts[0] : full
    }

    /// "name:address" as "address\tname". An IPv6 address has colons of its own, and may be in brackets.
    static func line(_ extraHost: String, gateway: String) throws(EngineError) -> String {
        guard let colon = extraHost.firstIndex(where: { $0 == ":" || $0 == "=" }) else {
            throw .invalid("bad format for add-host: \"" + extraHost + "\"")
        }
        let name = String(extraHost[..<colon])
        var address = String(extraHost[extraHost.index(after: colon)...])
        if address == "host-gateway" {
            if gateway.isEmpty {
                throw .failed("unable to derive the IP value for host-gateway")
            }
            address = gateway
        }
        if address.hasPrefix("["), address.hasSuffix("]") { address = String(address.dropFirst().dropLast()) }
        return address + "\t" + name
    }
}
