internal import EngineAPI
internal import Firewall

extension NetworkController {
    /// In the container's namespace: port 53 of the resolver's address is where its sockets are.
    func redirectQuestions(_ record: SandboxRecord, _ inside: SandboxNamespace) throws(EngineError) {
        let address = ResolvConf.embedded
        let output = "DOCKER_OUTPUT"
        let postrouting = "DOCKER_POSTROUTING"
        var change = FirewallTransaction()
        change.makeEmptyChain(.nat, output)
        change.makeEmptyChain(.nat, postrouting)
        change.append(FirewallRule(.nat, "OUTPUT", "-d \(address)/32 -j \(output)"))
        change.append(FirewallRule(.nat, "POSTROUTING", "-d \(address)/32 -j \(postrouting)"))
        for (transport, port) in [("tcp", record.resolverTCP), ("udp", record.resolverUDP)] {
            change.append(
                FirewallRule(
                    .nat, output,
                    "-d \(address)/32 -p \(transport) -m \(transport) --dport 53 -j DNAT --to-destination"
                        + " \(address):\(port)"
                ))
            change.append(
                FirewallRule(
                    .nat, postrouting,
                    "-s \(address)/32 -p \(transport) -m \(transport) --sport \(port) -j SNAT --to-source :53"))
        }
        do throws(FirewallError) {
            try firewall.apply(change, namespace: inside.namespace.number)
        } catch {
            throw .failed(error.description)
        }
    }
}
