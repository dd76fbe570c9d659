public import Linux

/// A flow that the packet filter keeps in mind, by its first packet.
public struct TrackedFlow: Equatable, Sendable {
    /// IPPROTO_*
    public var transport: UInt8 = 0
    public var destinationPort: UInt16 = 0
    /// As bytes; of the first packet and of the answer to it. What differs was translated.
    public var source: [UInt8] = []
    public var destination: [UInt8] = []
    public var replySource: [UInt8] = []
    public var replyDestination: [UInt8] = []
    /// CTA_TUPLE_ORIG and CTA_ZONE, as the kernel wrote them.
    fileprivate var identity: [UInt8] = []

    private enum Attribute {
        static let original: UInt16 = 1, reply: UInt16 = 2, zone: UInt16 = 18
        static let addresses: UInt16 = 1, transport: UInt16 = 2
    }

    /// From behind `struct nfgenmsg`.
    init?(_ body: ArraySlice<UInt8>) {
        let attributes = MessageReader(body).attributes(from: 4)
        guard let original = attributes[Attribute.original], let reply = attributes[Attribute.reply] else { return nil }
        (source, destination) = TrackedFlow.addresses(original)
        (replySource, replyDestination) = TrackedFlow.addresses(reply)
        if let part = MessageReader(original).attributes(from: 0)[Attribute.transport] {
            let members = MessageReader(part).attributes(from: 0)
            transport = members[1]?.first ?? 0
            destinationPort = members[3]?.reduce(0) { $0 << 8 | UInt16($1) } ?? 0
        }
        var bytes = MessageBytes()
        bytes.attribute(Attribute.original | 0x8000, Array(original))
        if let zone = attributes[Attribute.zone] { bytes.attribute(Attribute.zone, Array(zone)) }
        identity = bytes.all
    }

    private static func addresses(_ tuple: ArraySlice<UInt8>) -> (source: [UInt8], destination: [UInt8]) {
        let part = MessageReader(tuple).attributes(from: 0)[Attribute.addresses] ?? []
        let members = MessageReader(part).attributes(from: 0)
        return (Array(members[1] ?? members[3] ?? []), Array(members[2] ?? members[4] ?? []))
    }

    /// Whether the flow was led to or from an address by translation.
    public func isTranslated(to address: [UInt8]) -> Bool {
        (source != replyDestination && replyDestination == address)
            || (destination != replySource && replySource == address)
    }
}

/// The flows that the packet filter of this thread's network namespace keeps in mind.
public enum ConnectionTracking {
    /// NFNL_SUBSYS_CTNETLINK
    private static let get: UInt16 = 1 << 8 | 1, delete: UInt16 = 1 << 8 | 2

    /// Makes the kernel forget the flows of a family that match: their next packets meet the rules again. A kernel
    /// that keeps none, or tells of none, has nothing to forget.
    public static func forget<Address: NetworkAddress>(
        _ family: Address.Type, where matches: (TrackedFlow) -> Bool
    ) throws(SystemCallError) {
        let header: [UInt8] = [Address.family, 0, 0, 0]
        do throws(SystemCallError) {
            // NETLINK_NETFILTER
            let socket = try RouteSocket(kind: 12)
            let all = RouteRequest(type: get, flags: Route.dump, body: header, subject: "tracked flows")
            let flows = try socket.query(all, many: true).compactMap { TrackedFlow($0.body) }.filter(matches)
            for flow in flows {
                do throws(SystemCallError) {
                    try socket.perform(
                        RouteRequest(type: delete, flags: 0, body: header + flow.identity, subject: "tracked flow"))
                } catch  where error.number == 2 {
                    // ENOENT: it ended by itself.
                }
            }
        } catch  where error.number == 93 || error.number == 22 || error.number == 95 {
            // EPROTONOSUPPORT, EINVAL, EOPNOTSUPP: not in this kernel.
        }
    }
}
