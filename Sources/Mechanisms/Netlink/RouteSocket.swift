internal import CLinux
public import Linux

/// A netlink socket to the routing tables of the network namespace its thread was in when it was opened, wherever it is
/// used afterwards. One user at a time.
@frozen
public struct RouteSocket: ~Copyable, Sendable {
    private let socket: Descriptor

    /// Opens the socket in the calling thread's network namespace.
    public init() throws(SystemCallError) { try self.init(kind: 0) }

    /// `kind`: NETLINK_*
    init(kind: Int32) throws(SystemCallError) {
        // AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC
        socket = Descriptor(owning: try checked("socket", "netlink") { CLinux.socket(16, 3 | 0o2000000, kind) })
    }

    /// Performs the requests in one system call, in order. The first that fails is thrown after all were answered; the
    /// ones behind it were tried as well.
    public func perform(_ requests: [RouteRequest]) throws(SystemCallError) {
        if requests.isEmpty { return }
        var bytes: [UInt8] = []
        for (index, request) in requests.enumerated() {
            bytes += request.message(sequence: UInt32(index + 1), adding: Route.request | Route.acknowledge)
        }
        try send(bytes)
        var failure: SystemCallError?
        var answered = 0
        while answered < requests.count {
            for (type, sequence, body) in Replies(bytes: try receive()) where type == Route.messageError {
                guard let code = MessageReader(body).u32(0) else { continue }
                answered += 1
                let index = Int(sequence) - 1
                if code != 0, failure == nil, index >= 0, index < requests.count {
                    failure = SystemCallError(
                        number: -Int32(bitPattern: code), operation: requests[index].operation,
                        subject: requests[index].subject)
                }
            }
        }
        if let failure { throw failure }
    }

    public func perform(_ request: RouteRequest) throws(SystemCallError) { try perform([request]) }

    /// The interface of this name.
    public func link(_ name: String) throws(SystemCallError) -> Link {
        let request = RouteRequest.getLink(name)
        for (type, body) in try query(request, many: false) where type == Route.newLink {
            if let link = Link(MessageReader(body)) { return link }
        }
        throw SystemCallError(number: ENODEV, operation: "link get", subject: name)
    }

    /// Every interface.
    public func links() throws(SystemCallError) -> [Link] {
        try query(.allLinks, many: true).compactMap { type, body in
            type == Route.newLink ? Link(MessageReader(body)) : nil
        }
    }

    /// The addresses of a family by the index of their interface.
    public func addresses<Address>(
        of family: Address.Type = IPv4Address.self
    ) throws(SystemCallError) -> [(index: Int32, prefix: NetworkPrefix<Address>)] {
        try query(.allAddresses(Address.family), many: true).compactMap { _, body in
            let reader = MessageReader(body)
            let attributes = reader.attributes(from: 8)
            guard let length = reader.u8(1), length <= Address.Value.bitWidth, let index = reader.u32(4),
                let local = attributes[2] ?? attributes[1], let address = Address(bytes: local)
            else { return nil }
            return (Int32(bitPattern: index), NetworkPrefix(address, Int(length)))
        }
    }

    /// The destinations of a family's routes in the main table, without the default route, and the index of the
    /// interface they lead out of (0 when they have none).
    public func routes<Address>(
        of family: Address.Type = IPv4Address.self
    ) throws(SystemCallError) -> [(destination: NetworkPrefix<Address>, index: Int32)] {
        try query(.allRoutes(Address.family), many: true).compactMap { _, body in
            let reader = MessageReader(body)
            let attributes = reader.attributes(from: 12)
            guard let length = reader.u8(1), length > 0, length <= Address.Value.bitWidth, reader.u8(4) == 254,
                let destination = attributes[1], let address = Address(bytes: destination)
            else { return nil }
            let index = attributes[4].flatMap { MessageReader($0).u32(0) } ?? 0
            return (NetworkPrefix(address, Int(length)), Int32(bitPattern: index))
        }
    }

    func query(
        _ request: RouteRequest, many: Bool
    ) throws(SystemCallError) -> [(type: UInt16, body: ArraySlice<UInt8>)] {
        try send(request.message(sequence: 1, adding: Route.request))
        var found: [(type: UInt16, body: ArraySlice<UInt8>)] = []
        while true {
            for (type, _, body) in Replies(bytes: try receive()) {
                if type == Route.messageDone { return found }
                if type == Route.messageError {
                    let code = MessageReader(body).u32(0) ?? 0
                    if code == 0 { return found }
                    throw SystemCallError(
                        number: -Int32(bitPattern: code), operation: "netlink get", subject: request.subject)
                }
                found.append((type, body))
                if !many { return found }
            }
        }
    }

    private func send(_ bytes: [UInt8]) throws(SystemCallError) {
        try checked("send", "netlink") {
            bytes.withUnsafeBytes { CLinux.send(socket.number, $0.baseAddress, $0.count, 0) }
        }
    }

    private func receive() throws(SystemCallError) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = try checked("recv", "netlink") {
            buffer.withUnsafeMutableBytes { recv(socket.number, $0.baseAddress, $0.count, 0) }
        }
        buffer.removeLast(buffer.count - count)
        return buffer
    }
}

/// The messages in one datagram of the kernel.
struct Replies: Sequence, IteratorProtocol {
    let bytes: [UInt8]
    private var position = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func next() -> (type: UInt16, sequence: UInt32, body: ArraySlice<UInt8>)? {
        let reader = MessageReader(bytes[...])
        guard let length = reader.u32(position), let type = reader.u16(position + 4),
            let sequence = reader.u32(position + 8), length >= 16, position + Int(length) <= bytes.count
        else { return nil }
        let body = bytes[(position + 16)..<(position + Int(length))]
        position += (Int(length) + 3) & ~3
        return (type, sequence, body)
    }
}
