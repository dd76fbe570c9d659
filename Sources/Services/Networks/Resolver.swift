internal import CLinux
internal import EngineAPI
internal import Synchronization
internal import Workers

/// The resolver of containers on networks with names: one thread for all of them. It answers what it knows and forwards
/// the rest, from the container's own namespace, or from the host's for servers on the host's loopback.
final class Resolver: Sendable {
    struct Client: Sendable {
        let inside: SandboxNamespace
        let sockets: ResolverSockets
        let servers: [ResolverPlan.Server]
    }

    enum Order: Sendable {
        case start(String, Client)
        case stop(String)
    }

    /// What to say to a container's question, and whether others may be asked.
    let answer: @Sendable (_ question: DNSQuestion, _ containerID: String) -> (ResolverAnswer, mayForward: Bool)
    private let orders = Mutex<(waiting: [Order], wake: Int32)>(([], -1))
    private let warn: @Sendable (String) -> Void

    init(
        warn: @escaping @Sendable (String) -> Void,
        answer: @escaping @Sendable (DNSQuestion, String) -> (ResolverAnswer, mayForward: Bool)
    ) {
        self.warn = warn
        self.answer = answer
    }

    /// Serves a container; the thread starts with the first.
    func start(_ containerID: String, _ client: Client) { give(.start(containerID, client)) }

    /// Ends that. Unknown containers are no error.
    func stop(_ containerID: String) { give(.stop(containerID)) }

    private func give(_ order: Order) {
        orders.withLock { orders in
            if orders.wake < 0 {
                // Nothing runs: there is nothing to stop.
                if case .stop = order { return }
                orders.wake = eventfd(0, Int32(0o2004000))
                let wake = orders.wake
                Workers.thread(name: "resolver") { [self] in
                    var loop = ResolverLoop(self, wake: wake, warn: warn)
                    loop?.run()
                }
            }
            orders.waiting.append(order)
            var one: UInt64 = 1
            write(orders.wake, &one, 8)
        }
    }

    func takeOrders() -> [Order] {
        orders.withLock { orders in
            defer { orders.waiting = [] }
            return orders.waiting
        }
    }
}

extension NetworkController {
    /// Answers the names of a container from now on, and leads what it asks 127.0.0.11 to the resolver's sockets.
    func startResolver(_ record: inout SandboxRecord, _ inside: SandboxNamespace) throws(EngineError) {
        guard let sockets = inside.resolver else { return }
        let isNew = record.resolverUDP == 0
        record.resolverUDP = sockets.udpPort
        record.resolverTCP = sockets.tcpPort
        if isNew { try redirectQuestions(record, inside) }
        resolvers.start(
            record.containerID, Resolver.Client(inside: inside, sockets: sockets, servers: resolver(record).servers))
    }
}
