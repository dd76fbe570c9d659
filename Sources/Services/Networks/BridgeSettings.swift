internal import EngineAPI
internal import JSON
internal import Netlink

/// What a network of the bridge driver, or of the macvlan driver, is made of.
struct BridgeSettings: Equatable, Sendable {
    /// The interface on the host.
    var interface: String
    /// Of a macvlan network; nil for a bridge.
    var macvlan: Macvlan?
    var four: AddressPlan<IPv4Address>
    /// nil without IPv6.
    var six: AddressPlan<IPv6Address>?
    /// Whether containers get IPv6 addresses that end in their hardware addresses.
    var derivesIPv6 = false
    var mtu = 1500
    var allowsContainerTraffic = true
    var masquerades = true
    /// Where ports are published that name no address.
    var publishAddress = "0.0.0.0"
    var interfacePrefix = "eth"
    /// False for a bridge that was there before: it is left alone.
    var ownsInterface = true

    enum Option {
        static let name = "com.docker.network.bridge.name"
        static let icc = "com.docker.network.bridge.enable_icc"
        static let masquerade = "com.docker.network.bridge.enable_ip_masquerade"
        static let binding = "com.docker.network.bridge.host_binding_ipv4"
        static let defaultBridge = "com.docker.network.bridge.default_bridge"
        static let mtu = "com.docker.network.driver.mtu"
        static let prefix = "com.docker.network.container_iface_prefix"
    }

    init(interface: String, subnet: IPv4Prefix, gateway: IPv4Address) {
        self.init(interface: interface, AddressPlan(subnet: subnet, gateway: gateway))
    }

    init(interface: String, _ four: AddressPlan<IPv4Address>) {
        self.interface = interface
        self.four = four
    }

    var subnet: IPv4Prefix { four.subnet }

    /// Takes over what the user's options say; unknown ones are passed over, as upstream does.
    mutating func apply(options: [String: String]) throws(EngineError) {
        for (name, value) in options.sorted(by: { $0.key < $1.key }) {
            switch name {
            case Option.name: if !value.isEmpty { interface = value }
            case Option.icc: allowsContainerTraffic = try BridgeSettings.flag(name, value)
            case Option.masquerade: masquerades = try BridgeSettings.flag(name, value)
            case Option.prefix: interfacePrefix = value
            case Option.mtu:
                guard let number = Int(value) else {
                    throw .failed(
                        "failed to parse " + name + " value: " + value + " (strconv.Atoi: parsing \"" + value
                            + "\": invalid syntax)")
                }
                guard number == 0 || (68...65535).contains(number) else {
                    throw .invalid("invalid MTU number: " + value)
                }
                if number > 0 { mtu = number }
            case Option.binding:
                guard IPv4Address(value) != nil else {
                    throw .failed("failed to parse " + name + " value: " + value + " (nil ip)")
                }
                publishAddress = value
            default: break
            }
        }
    }

    private static func flag(_ name: String, _ value: String) throws(EngineError) -> Bool {
        switch value {
        case "1", "t", "T", "TRUE", "true", "True": return true
        case "0", "f", "F", "FALSE", "false", "False": return false
        default:
            throw .failed(
                "failed to parse " + name + " value: " + value + " (strconv.ParseBool: parsing \"" + value
                    + "\": invalid syntax)")
        }
    }
}

extension BridgeSettings {
    var json: JSON {
        .members(
            four.members + [
                ("interface", .string(interface)), ("six", six.map { .members($0.members) } ?? .null),
                ("derivesIPv6", .bool(derivesIPv6)), ("mtu", .int(mtu)), ("icc", .bool(allowsContainerTraffic)),
                ("masquerade", .bool(masquerades)), ("publishAddress", .string(publishAddress)),
                ("interfacePrefix", .string(interfacePrefix)), ("ownsInterface", .bool(ownsInterface)),
                ("macvlan", macvlan?.json ?? .null),
            ])
    }

    init(json: JSON.Object) throws(JSON.Failure) {
        self.init(interface: try json.string("interface"), try AddressPlan(json: json))
        if let object = try json.object("six") { six = try AddressPlan(json: object) }
        derivesIPv6 = try json.bool("derivesIPv6")
        mtu = try json.int("mtu", default: 1500)
        allowsContainerTraffic = try json.bool("icc", default: true)
        masquerades = try json.bool("masquerade", default: true)
        publishAddress = try json.string("publishAddress", default: "0.0.0.0")
        interfacePrefix = try json.string("interfacePrefix", default: "eth")
        ownsInterface = try json.bool("ownsInterface", default: true)
        if let object = try json.object("macvlan") { macvlan = try Macvlan(json: object) }
    }
}
