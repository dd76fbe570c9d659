import EngineAPI
import JSON
import Netlink
import Testing

@testable import Networks

@Suite struct StateTests {
    private func network(_ name: String, id: String, pools: Bool = false) -> NetworkRecord {
        var network = NetworkRecord(id: id, name: name, created: id, driver: "bridge")
        network.phase = .ready
        network.bridge = BridgeSettings(
            interface: "br-" + id, subnet: prefix("172.18.0.1/16"), gateway: address("172.18.0.1"))
        if pools {
            var pool = IPAMConfig()
            pool.subnet = "172.18.0.0/16"
            network.pools = [pool]
        }
        return network
    }

    private func sandbox(_ id: String) -> SandboxRecord {
        SandboxRecord(containerID: id, containerName: "c" + id, id: id, kind: .own, key: "/x/" + id)
    }

    @Test func networksAreFoundByNameIdAndItsBeginning() throws {
        var state = NetworkState()
        state.put(network("web", id: "aabb"))
        state.put(network("aabb1", id: "aacc"))
        #expect(try state.network("web").id == "aabb")
        #expect(try state.network("aab").id == "aabb")
        #expect(try state.network("aabb1").id == "aacc")
        #expect(throws: EngineError(404, "network zz not found")) { try state.network("zz") }
        #expect(throws: EngineError.self) { try state.network("aa") }
        #expect(throws: EngineError.self) { try state.network("") }
    }

    @Test func anEndpointGetsAddressAndNames() throws {
        var state = NetworkState()
        let network = network("web", id: "aabb")
        state.put(network)
        var settings = EndpointSettings()
        settings.aliases = ["foo"]
        let endpoint = try state.endpoint(on: network, for: sandbox("0123456789abcdef"), settings)
        #expect(endpoint.address?.description == "172.18.0.2/16")
        #expect(HardwareAddress.text(endpoint.hardwareAddress) == "02:42:ac:12:00:02")
        #expect(endpoint.names == ["c0123456789abcdef", "foo", "0123456789ab"])
        #expect(endpoint.interface == "eth0")
        #expect(endpoint.hostInterface.count == 11)
        state.giveBack(endpoint)
        #expect(try state.endpoint(on: network, for: sandbox("b"), settings).address?.description == "172.18.0.2/16")
    }

    @Test func aNetworkWithIPv6GivesAddressesOfBothFamilies() throws {
        var state = NetworkState()
        var network = network("six", id: "aabb")
        network.bridge?.six = AddressPlan(subnet: prefix6("fd00:1::1/64"), gateway: prefix6("fd00:1::1/64").address)
        var pool = IPAMConfig()
        pool.subnet = "fd00:1::/64"
        network.pools = [pool]
        state.put(network)
        let endpoint = try state.endpoint(on: network, for: sandbox("a"), EndpointSettings())
        #expect(endpoint.addresses == ["172.18.0.2", "fd00:1::2"])
        #expect(endpoint.settings.ipv6Gateway == "fd00:1::1" && endpoint.settings.globalIPv6PrefixLen == 64)
        var settings = EndpointSettings()
        settings.ipamConfig = EndpointIPAMConfig()
        settings.ipamConfig?.ipv6Address = "fd00:1::2"
        #expect(throws: EngineError(403, "Address already in use")) {
            try state.endpoint(on: network, for: sandbox("b"), settings)
        }
        // What it took of IPv4 was given back.
        #expect(
            try state.endpoint(on: network, for: sandbox("b"), EndpointSettings()).addresses == [
                "172.18.0.3", "fd00:1::3",
            ])
        network.bridge?.derivesIPv6 = true
        let derived = try state.endpoint(on: network, for: sandbox("c"), EndpointSettings())
        #expect(derived.addresses == ["172.18.0.4", "fd00:1::242:ac12:4"])
    }

    @Test func aMacvlanNetworkHasNoEndOnTheHost() throws {
        var state = NetworkState()
        var network = network("lan", id: "aabb")
        network.bridge?.macvlan = try Macvlan(options: ["parent": "eth1", "macvlan_mode": "private"], own: "dm-aabb")
        #expect(network.bridge?.macvlan?.mode.number == 1)
        #expect(try NetworkRecord(json: try #require(try JSON(parsing: network.json.encoded()).object)) == network)
        state.put(network)
        let endpoint = try state.endpoint(on: network, for: sandbox("a"), EndpointSettings())
        #expect(endpoint.hostInterface.isEmpty && endpoint.interface == "eth0" && endpoint.addresses == ["172.18.0.2"])
        #expect(try Macvlan(options: [:], own: "dm-aabb").parent == "dm-aabb")
        #expect(throws: EngineError.self) { try Macvlan(options: ["macvlan_mode": "zz"], own: "") }
    }

    @Test func aHardwareAddressAskedForIsKeptApartFromTheOneInUse() throws {
        var state = NetworkState()
        let network = network("web", id: "aabb")
        state.put(network)
        var settings = EndpointSettings()
        settings.macAddress = "02:00:00:00:00:07"
        settings.driverOpts = ["com.docker.network.endpoint.sysctls": "net.ipv4.conf.IFNAME.log_martians=1"]
        let endpoint = try state.endpoint(on: network, for: sandbox("a"), settings)
        #expect(endpoint.settings.asked.macAddress == "02:00:00:00:00:07")
        #expect(endpoint.settings.asked.driverOpts == settings.driverOpts)
        #expect(endpoint.requested.switches.map { $0.path("eth1") } == ["ipv4/conf/eth1/log_martians"])
        let other = try state.endpoint(on: network, for: sandbox("b"), EndpointSettings())
        #expect(other.settings.macAddress == "02:42:ac:12:00:03" && other.settings.asked.macAddress.isEmpty)
    }

    @Test(arguments: [
        "a=b", "net.ipv4.conf.eth0.x=1", "net.ipv4.conf.IFNAME.x", "net.core.conf.IFNAME.x=1",
        "net.ipv4.../.IFNAME.x=1",
    ])
    func switchesOfOtherThingsAreRefused(_ text: String) {
        #expect(throws: EngineError.self) { try EndpointSwitch(text) }
    }

    @Test func addressesAreOnlyAskedForWhereUpstreamAllowsIt() {
        var settings = EndpointSettings()
        settings.ipamConfig = EndpointIPAMConfig()
        settings.ipamConfig?.ipv4Address = "172.18.0.9"
        func failure(_ network: NetworkRecord) -> String? {
            do throws(EngineError) { try NetworkState.check(settings, on: network) } catch { return error.message }
            return nil
        }
        #expect(
            failure(network("bridge", id: "a"))
                == "user specified IP address is supported on user defined networks only")
        #expect(
            failure(network("web", id: "a"))
                == "user specified IP address is supported only when connecting to networks with user"
                + " configured subnets"
        )
        #expect(failure(network("web", id: "a", pools: true)) == nil)
        settings.ipamConfig?.ipv4Address = "zz"
        #expect(failure(network("web", id: "a", pools: true)) == "invalid IPv4 address: zz")
        settings.ipamConfig = EndpointIPAMConfig()
        settings.ipamConfig?.linkLocalIPs = ["169.254.1.2"]
        #expect(
            failure(network("web", id: "a", pools: true))
                == "link-local addresses for a container are not supported: 169.254.1.2")
    }

    @Test func portsAreGivenBackWithTheSandbox() throws {
        var state = NetworkState()
        var box = sandbox("a")
        let request = PortRequest(transport: .tcp, containerPort: 80, firstHostPort: 8080, lastHostPort: 8080)
        box.published = try state.takePorts([request], publishAddress: "127.0.0.1", reachesIPv6: true)
        #expect(box.published.map(\.hostIP) == ["127.0.0.1"])
        state.put(box)
        #expect(throws: EngineError(500, "Bind for 127.0.0.1:8080 failed: port is already allocated")) {
            try state.takePorts([request], publishAddress: "127.0.0.1", reachesIPv6: true)
        }
        state.removeSandbox("a")
        #expect(throws: Never.self) { try state.takePorts([request], publishAddress: "127.0.0.1", reachesIPv6: true) }
    }

    @Test func recordsAreReadAsTheyWereWritten() throws {
        var box = sandbox("a")
        box.links = [("lk", "db")]
        box.wanted = [PortRequest(transport: .udp, containerPort: 53, hostIP: "::1", firstHostPort: 1, lastHostPort: 9)]
        box.published = [
            PublishedPort(
                transport: .sctp, containerPort: 1, hostIP: "0.0.0.0", hostPort: 2, proxyPID: 3, proxyStartTime: 4)
        ]
        var endpoint = EndpointRecord(networkID: "n", networkName: "n1", endpointID: "e")
        endpoint.address = prefix("172.18.0.2/16")
        endpoint.gateway = address("172.18.0.1")
        endpoint.hardwareAddress = [2, 0x42, 1, 2, 3, 4]
        endpoint.address6 = prefix6("fd00::2/64")
        endpoint.gateway6 = prefix6("fd00::1/64").address
        box.endpoints = [endpoint]
        let again = try SandboxRecord(json: try #require(try JSON(parsing: box.json.encoded()).object))
        #expect(again == box)
        var net = network("web", id: "aabb", pools: true)
        net.bridge?.four.range = prefix("172.18.4.0/24")
        net.bridge?.six = AddressPlan(subnet: prefix6("fd00::1/64"), gateway: prefix6("fd00::1/64").address)
        net.labels = ["a": "b"]
        #expect(try NetworkRecord(json: try #require(try JSON(parsing: net.json.encoded()).object)) == net)
    }

    @Test func theWayOutIsTheFirstByNameUnlessOneHasPriority() {
        var box = sandbox("a")
        for (name, priority) in [("n2", 0), ("n1", 0), ("z", 0)] {
            var endpoint = EndpointRecord(networkID: name, networkName: name, endpointID: name)
            endpoint.gateway = address("10.0.0.1")
            endpoint.requested.gwPriority = priority
            box.endpoints.append(endpoint)
        }
        #expect(box.gatewayEndpoint { _ in false }?.networkName == "n1")
        #expect(box.gatewayEndpoint { $0 == "n1" }?.networkName == "n2")
        box.endpoints[0].gateway6 = prefix6("fd00::1/64").address
        #expect(box.gatewayEndpoint { _ in false }?.networkName == "n2")
        box.endpoints[2].requested.gwPriority = 5
        #expect(box.gatewayEndpoint { _ in false }?.networkName == "z")
    }

    @Test(arguments: ["02:42:ac:11:00:02", "02-42-ac-11-00-02"])
    func hardwareAddressesAreRead(_ text: String) {
        #expect(HardwareAddress.bytes(text) == [2, 0x42, 0xAC, 0x11, 0, 2])
    }

    @Test(arguments: ["", "02:42", "02:42:ac:11:00:0g", "02:42:ac:11:00:02:03", "0242ac110002"])
    func otherTextIsNoHardwareAddress(_ text: String) { #expect(HardwareAddress.bytes(text) == nil) }
}
