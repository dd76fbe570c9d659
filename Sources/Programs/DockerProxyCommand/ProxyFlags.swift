internal import Flags

/// Go's flags of the proxy.
struct ProxyFlags {
    let set = FlagSet(.go)
    private let protoFlag: Flag<String>
    private let hostAddressFlag: Flag<IPAddress>
    private let hostPortFlag: Flag<Int>
    private let containerAddressFlag: Flag<IPAddress>
    private let containerPortFlag: Flag<Int>
    private let listenFlag: Flag<Bool>
    private let versionFlags: [Flag<Bool>]

    init() {
        func address(_ set: FlagSet, _ name: String, _ usage: String) -> Flag<IPAddress> {
            set.value(name, usage: usage, type: "value", default: IPAddress.any, defaultText: "0.0.0.0") {
                (text, _) throws(UsageError) in
                // No address is every address of IPv6.
                guard let address = IPAddress(text.isEmpty ? "::" : text) else {
                    throw UsageError("invalid IP address: " + text)
                }
                return address
            }
        }
        protoFlag = set.string("proto", usage: "proxy protocol", default: "tcp")
        hostAddressFlag = address(set, "host-ip", "host ip")
        hostPortFlag = set.int("host-port", usage: "host port", default: -1)
        containerAddressFlag = address(set, "container-ip", "container ip")
        containerPortFlag = set.int("container-port", usage: "container port", default: -1)
        listenFlag = set.bool("use-listen-fd", usage: "use a supplied listen fd")
        versionFlags = [
            set.bool("v", usage: "print version information and quit"),
            set.bool("version", usage: "print version information and quit"),
        ]
    }

    var proto: String { protoFlag.value }
    var hostAddress: IPAddress { hostAddressFlag.value }
    var hostPort: Int { hostPortFlag.value }
    var containerAddress: IPAddress { containerAddressFlag.value }
    var containerPort: Int { containerPortFlag.value }
    var usesListenDescriptor: Bool { listenFlag.value }
    var showsVersion: Bool { versionFlags[0].value || versionFlags[1].value }
}
