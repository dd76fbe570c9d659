internal import Engine
internal import Logging
internal import Networks
internal import Volumes

/// Networks and volumes as the daemon's settings want them, their events on its bus.
extension Services {
    private static let log = Logger(label: "dockerd")

    static func makeNetworks(_ settings: Settings, events: EventBus) throws -> NetworkController {
        var configuration = NetworkConfiguration(dataRoot: settings.dataRoot, execRoot: settings.execRoot)
        configuration.bridge = settings.bridge
        configuration.bridgeAddress = settings.bridgeAddress
        configuration.fixedCIDR = settings.fixedCIDR
        configuration.defaultGateway = settings.defaultGateway
        configuration.addressPools = try settings.addressPools.map(pool)
        configuration.interContainerCommunication = settings.interContainerCommunication
        configuration.usesIptables = settings.iptables
        configuration.enablesForwarding = settings.forwards
        configuration.masquerades = settings.masquerades
        configuration.publishAddress = settings.publishAddress
        configuration.mtu = settings.mtu
        configuration.usesProxy = settings.userlandProxy
        configuration.proxyPath = settings.userlandProxyPath
        configuration.dns = settings.dns
        configuration.dnsSearch = settings.dnsSearch
        configuration.dnsOptions = settings.dnsOptions
        configuration.hostGatewayAddress = settings.hostGatewayAddress
        configuration.warn = { log.warning("\($0)") }
        configuration.observe = { event in
            var attributes = ["name": event.networkName, "type": event.networkType]
            if event.action == "prune" { attributes = ["reclaimed": "0"] }
            if let container = event.containerID { attributes["container"] = container }
            events.publish("network", event.action, event.networkID, attributes)
        }
        return try NetworkController(configuration)
    }

    static func makeVolumes(_ settings: Settings, events: EventBus) throws -> VolumeStore {
        try VolumeStore(dataRoot: settings.dataRoot) { event in
            var attributes = ["driver": event.driver]
            if event.action == "prune" { attributes = ["reclaimed": String(event.reclaimed ?? 0)] }
            if let container = event.containerID { attributes["container"] = container }
            events.publish("volume", event.action, event.volume, attributes)
        }
    }

    /// "base=10.10.0.0/16,size=24"
    private static func pool(_ text: String) throws -> NetworkConfiguration.Pool {
        var pool = NetworkConfiguration.Pool(base: "", size: 0)
        for part in text.split(separator: ",") {
            let pair = part.split(separator: "=", maxSplits: 1).map(String.init)
            switch (pair.first, pair.count) {
            case ("base", 2): pool.base = pair[1]
            case ("size", 2): pool.size = Int(pair[1]) ?? 0
            default: throw NetworkError(status: 400, message: "invalid default address pool: " + text)
            }
        }
        return pool
    }
}
