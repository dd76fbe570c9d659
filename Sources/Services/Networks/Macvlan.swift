internal import EngineAPI
internal import JSON
internal import Linux
internal import Netlink

/// A network whose containers stand beside the host in the network of one of its interfaces: each has an interface on
/// top of that one. There are no rules, no published ports, and no way between the host and its containers.
struct Macvlan: Equatable, Sendable {
    enum Mode: String, Sendable {
        case `private`, vepa, bridge, passthru

        /// MACVLAN_MODE_*
        var number: UInt32 {
            switch self {
            case .private: 1
            case .vepa: 2
            case .bridge: 4
            case .passthru: 8
            }
        }
    }

    /// The interface below; the network's own one, which leads nowhere, when nobody named one.
    var parent: String
    var mode = Mode.bridge

    var json: JSON { .members([("parent", .string(parent)), ("mode", .string(mode.rawValue))]) }

    init(parent: String) { self.parent = parent }

    init(json: JSON.Object) throws(JSON.Failure) {
        parent = try json.string("parent")
        mode = Mode(rawValue: try json.string("mode")) ?? .bridge
    }

    /// From the network's options. `own`: the name of the interface that is made when none is named.
    init(options: [String: String], own: String) throws(EngineError) {
        let named = options["parent"] ?? ""
        self.init(parent: named.isEmpty ? own : named)
        guard let text = options["macvlan_mode"], !text.isEmpty else { return }
        guard let mode = Mode(rawValue: text) else {
            throw .invalid("requested macvlan mode '\(text)' is not valid, 'bridge' mode is the macvlan driver default")
        }
        self.mode = mode
    }
}

extension NetworkController {
    func macvlan(for network: NetworkRecord) throws(EngineError) -> BridgeSettings {
        var settings = BridgeSettings(interface: "dm-" + network.id.prefix(12), try plan(network))
        if network.enablesIPv6 {
            try Self.checkIPv6()
            settings.six = try plan(network)
        }
        try settings.apply(options: network.options)
        let macvlan = try Macvlan(options: network.isInternal ? [:] : network.options, own: settings.interface)
        settings.ownsInterface = macvlan.parent == settings.interface
        settings.macvlan = macvlan
        if let other = state.withLock({ $0.all.first { $0.bridge?.macvlan?.parent == macvlan.parent } }) {
            throw .forbidden(
                "network \(other.bridge?.interface ?? "") is already using parent interface \(macvlan.parent)")
        }
        if settings.ownsInterface { return settings }
        do throws(SystemCallError) {
            let parent = try RouteSocket().links().first { $0.name == macvlan.parent }
            if let parent {
                if network.options[BridgeSettings.Option.mtu] == nil { settings.mtu = parent.mtu }
                return settings
            }
        } catch {
            throw .failed(error.description)
        }
        guard macvlan.parent.utf8.contains(UInt8(ascii: ".")) else {
            throw .invalid("invalid subinterface vlan name \(macvlan.parent), example formatting is eth0.10")
        }
        throw .unsupported("making the VLAN interface \(macvlan.parent) is not supported: it has to be there")
    }
}

extension HostBridge {
    /// The interface of a macvlan network that has none of the host's.
    static func ensureParent(_ bridge: BridgeSettings) throws(EngineError) {
        guard bridge.ownsInterface else { return }
        do throws(SystemCallError) {
            let route = try RouteSocket()
            if try route.links().contains(where: { $0.name == bridge.interface }) { return }
            try route.perform(.addDummy(bridge.interface))
        } catch {
            throw .failed("failed to make the parent interface \(bridge.interface): \(error.description)")
        }
    }

    /// An end in a container: its name there, inside the namespace, down.
    static func addMacvlan(
        _ endpoint: EndpointRecord, _ macvlan: Macvlan, mtu: Int, _ inside: SandboxNamespace
    ) throws(SystemCallError) {
        let host = try RouteSocket()
        let parent = try host.link(macvlan.parent)
        try host.perform(
            .addMacvlan(
                endpoint.interface, parent: parent.index, mode: macvlan.mode.number,
                hardwareAddress: endpoint.hardwareAddress, mtu: mtu, namespace: inside.namespace.number))
    }
}
