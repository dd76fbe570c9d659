import EngineAPI
import Testing

@testable import Networks

@Suite struct PortTests {
    @Test func portsWithAHostPortComeFirstThenFromTheHighestDown() throws {
        let all = try PortRequest.all(
            bindings: [
                "80/tcp": [PortBinding(hostIP: "", hostPort: "")],
                "90/udp": [PortBinding(hostIP: "", hostPort: "9000")],
                "70/tcp": [PortBinding(hostIP: "127.0.0.1", hostPort: "8000-8010")],
            ], exposed: ["443"], publishAll: false)
        #expect(all.map(\.name) == ["90/udp", "70/tcp", "80/tcp"])
        #expect(all[1].firstHostPort == 8000 && all[1].lastHostPort == 8010)
    }

    @Test func publishAllTakesTheExposedOnes() throws {
        let all = try PortRequest.all(bindings: [:], exposed: ["70-72/tcp", "53/udp"], publishAll: true)
        #expect(all.map(\.name) == ["72/tcp", "71/tcp", "70/tcp", "53/udp"])
        #expect(try PortRequest.all(bindings: ["80/tcp": []], exposed: [], publishAll: false).isEmpty)
    }

    @Test(arguments: ["80/foo", "0", "70000", "x/tcp", "80-70", "80/tcp/udp", "", "-1", "1-2-3"])
    func nonsenseIsRefused(_ name: String) { #expect(throws: EngineError.self) { try PortRequest.ports(name) } }

    @Test(arguments: ["abc", "80-70", "-", "65536", "1-2-3"])
    func badHostPortsAreRefused(_ text: String) {
        #expect(throws: EngineError.self) {
            try PortRequest.all(
                bindings: ["80/tcp": [PortBinding(hostIP: "", hostPort: text)]], exposed: [], publishAll: false)
        }
    }

    @Test func aTakenPortIsRefusedUntilReleased() throws {
        var table = PortTable(free: 32768...32770)
        #expect(try table.take("0.0.0.0", .tcp, first: 8080, last: 8080) == 8080)
        #expect(throws: PortTable.Failure.allocated(8080)) { try table.take("0.0.0.0", .tcp, first: 8080, last: 8080) }
        #expect(try table.take("0.0.0.0", .udp, first: 8080, last: 8080) == 8080)
        #expect(try table.take("0.0.0.0", .tcp, first: 8080, last: 8081) == 8081)
        table.release("0.0.0.0", .tcp, 8080)
        #expect(try table.take("0.0.0.0", .tcp, first: 8080, last: 8080) == 8080)
    }

    @Test func freePortsGoRoundAndRest() throws {
        var table = PortTable(free: 32768...32770)
        #expect(try table.take("0.0.0.0", .tcp, first: 0, last: 0) == 32768)
        table.release("0.0.0.0", .tcp, 32768)
        #expect(try table.take("0.0.0.0", .tcp, first: 0, last: 0) == 32769)
        #expect(try table.take("0.0.0.0", .tcp, first: 0, last: 0) == 32770)
        #expect(try table.take("0.0.0.0", .tcp, first: 0, last: 0) == 32768)
        #expect(throws: PortTable.Failure.exhausted) { try table.take("0.0.0.0", .tcp, first: 0, last: 0) }
    }
}
