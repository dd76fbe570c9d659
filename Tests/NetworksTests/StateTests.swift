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
        #expect(throws: NetworkError(status: 404, message: "network zz not found")) { try state.network("zz") }
        #expect(throws: NetworkError.self) { try state.network("aa") }
        #expect(throws: NetworkError.self) { try state.network("") }
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

    @Test func addressesAreOnlyAskedForWhereUpstreamAllowsIt() {
        var settings = EndpointSettings()
        settings.ipamConfig = EndpointIPAMConfig()
        settings.ipamConfig?.ipv4Address = "172.18.0.9"
        func failure(_ network: NetworkRecord) -> String? {
            do throws(NetworkError) { try NetworkState.check(settings, on: network) } catch { return error.message }
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
    }

    @Test func portsAreGivenBackWithTheSandbox() throws {
        var state = NetworkState()
        var box = sandbox("a")
        let request = PortRequest(transport: .tcp, containerPort: 80, firstHostPort: 8080, lastHostPort: 8080)
        box.published = try state.takePorts([request], publishAddress: "127.0.0.1", usesProxy: true)
        #expect(box.published.map(\.hostIP) == ["127.0.0.1"])
        state.put(box)
        #expect(throws: NetworkError(status: 500, message: "Bind for 127.0.0.1:8080 failed: port is already allocated"))
        {
            try state.takePorts([request], publishAddress: "127.0.0.1", usesProxy: true)
        }
        state.removeSandbox("a")
        #expect(throws: Never.self) { try state.takePorts([request], publishAddress: "127.0.0.1", usesProxy: true) }
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
        box.endpoints = [endpoint]
        let again = try SandboxRecord(json: try #require(try JSON(parsing: box.json.encoded()).object))
        #expect(again == box)
        var net = network("web", id: "aabb", pools: true)
        net.bridge?.range = prefix("172.18.4.0/24")
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
