/// A network interface as the kernel describes it.
public struct Link: Equatable, Sendable {
    public var index: Int32
    public var name: String
    public var isUp: Bool
    /// "bridge", "veth", or empty for a real device.
    public var kind: String
    /// The index of the bridge it is a port of; 0: none.
    public var master: Int32
    public var mtu: Int
    public var hardwareAddress: [UInt8]
    public var counters: Counters

    /// Packets and bytes since it was made.
    public struct Counters: Equatable, Sendable {
        public var receivedPackets: UInt64 = 0
        public var sentPackets: UInt64 = 0
        public var receivedBytes: UInt64 = 0
        public var sentBytes: UInt64 = 0
        public var receiveErrors: UInt64 = 0
        public var sendErrors: UInt64 = 0
        public var receiveDropped: UInt64 = 0
        public var sendDropped: UInt64 = 0
    }

    init?(_ reader: MessageReader) {
        guard let index = reader.u32(4), let flags = reader.u32(8) else { return nil }
        let attributes = reader.attributes(from: 16)
        guard let name = attributes[3] else { return nil }
        self.index = Int32(bitPattern: index)
        self.name = Link.text(name)
        isUp = flags & 1 != 0
        master = attributes[10].flatMap { MessageReader($0).u32(0) }.map { Int32(bitPattern: $0) } ?? 0
        mtu = attributes[4].flatMap { MessageReader($0).u32(0) }.map { Int($0) } ?? 0
        hardwareAddress = attributes[1].map { Array($0) } ?? []
        kind = attributes[18].flatMap { MessageReader($0).attributes(from: 0)[1] }.map(Link.text) ?? ""
        counters = attributes[23].map { Counters(MessageReader($0)) } ?? Counters()
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String {
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
}

extension Link.Counters {
    /// `struct rtnl_link_stats64`
    init(_ reader: MessageReader) {
        func at(_ position: Int) -> UInt64 { reader.u64(position * 8) ?? 0 }
        self.init(
            receivedPackets: at(0), sentPackets: at(1), receivedBytes: at(2), sentBytes: at(3), receiveErrors: at(4),
            sendErrors: at(5), receiveDropped: at(6), sendDropped: at(7))
    }
}
