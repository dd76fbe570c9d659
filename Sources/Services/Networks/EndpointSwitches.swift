internal import EngineAPI

/// A switch of the network stack that belongs to one interface: an entry of the endpoint's option for them.
struct EndpointSwitch: Equatable, Sendable {
    private let family: String
    private let directory: String
    private let name: String
    let value: String

    /// "net.ipv4.conf.IFNAME.log_martians=1"; clients write options in lower case.
    init(_ text: String) throws(EngineError) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let words = parts[0].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, words.count == 5, words[0] == "net", words[3].lowercased() == "ifname",
            ["ipv4", "ipv6", "mpls"].contains(words[1]), !words.contains(where: { $0.contains("/") || $0.isEmpty })
        else {
            throw .invalid(
                "unrecognised network interface sysctl '\(text)'; represent 'net.X.Y.ethN.Z=V' as"
                    + " 'net.X.Y.IFNAME.Z=V', 'X' must be 'ipv4', 'ipv6' or 'mpls'")
        }
        (family, directory, name, value) = (words[1], words[2], words[4], parts[1])
    }

    /// Below /proc/sys/net.
    func path(_ interface: String) -> String { [family, directory, interface, name].joined(separator: "/") }
}

extension EndpointSettings {
    /// The driver option that lists switches.
    static let switchOption = "com.docker.network.endpoint.sysctls"

    func checkSwitches() throws(EngineError) {
        for text in switchTexts { _ = try EndpointSwitch(text) }
    }

    /// They were checked when they were asked for.
    var switches: [EndpointSwitch] { switchTexts.compactMap { try? EndpointSwitch($0) } }

    private var switchTexts: [String] {
        (driverOpts?[EndpointSettings.switchOption] ?? "").split(separator: ",").map(String.init)
    }
}
