internal import EngineAPI
internal import JSON
internal import Netlink

enum PortProtocol: String, Hashable, Sendable { case tcp, udp, sctp }

/// A port to publish.
struct PortRequest: Equatable, Sendable {
    var transport: PortProtocol
    var containerPort: UInt16
    /// Empty: the network's own choice.
    var hostIP = ""
    /// 0 to 0: any free one.
    var firstHostPort: UInt16 = 0
    var lastHostPort: UInt16 = 0

    /// "80/tcp"
    var name: String { String(containerPort) + "/" + transport.rawValue }
}

/// A port of the host that leads to a container's.
struct PublishedPort: Equatable, Sendable {
    var transport: PortProtocol
    var containerPort: UInt16
    var hostIP: String
    var hostPort: UInt16
    /// 0: not started, or none is wanted.
    var proxyPID: Int32 = 0
    var proxyStartTime: UInt64 = 0

    var name: String { String(containerPort) + "/" + transport.rawValue }
    var isIPv6: Bool { hostIP.utf8.contains(UInt8(ascii: ":")) }
}

extension PortRequest {
    /// What `HostConfig` asks for, in the order upstream works them off: named host ports first, then from the highest
    /// container port down.
    static func all(
        bindings: PortMap, exposed: [String], publishAll: Bool
    ) throws(EngineError) -> [PortRequest] {
        var requests: [PortRequest] = []
        var names = Set(bindings.keys)
        if publishAll { names.formUnion(exposed) }
        for name in names.sorted() {
            let list = bindings[name] ?? []
            for base in try ports(name) {
                for binding in list {
                    var request = base
                    request.hostIP = try address(binding.hostIP)
                    (request.firstHostPort, request.lastHostPort) = try range(binding.hostPort)
                    requests.append(request)
                }
                if list.isEmpty && publishAll { requests.append(base) }
            }
        }
        return requests.enumerated().sorted { left, right in
            let (a, b) = (left.element, right.element)
            if (a.firstHostPort != 0) != (b.firstHostPort != 0) { return a.firstHostPort != 0 }
            if a.containerPort != b.containerPort { return a.containerPort > b.containerPort }
            if a.transport != b.transport { return a.transport == .tcp }
            return left.offset < right.offset
        }.map(\.element)
    }

    /// "80/tcp", "80" or "80-82/udp".
    static func ports(_ name: String) throws(EngineError) -> [PortRequest] {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count <= 2, let transport = PortProtocol(rawValue: parts.count == 2 ? parts[1].lowercased() : "tcp")
        else { throw .invalid("invalid port specification: \"" + name + "\"") }
        let (first, last) = try range(parts[0])
        guard first > 0 else { throw .invalid("invalid port specification: \"" + name + "\"") }
        return (first...last).map { PortRequest(transport: transport, containerPort: $0) }
    }

    private static func range(_ text: String) throws(EngineError) -> (UInt16, UInt16) {
        if text.isEmpty { return (0, 0) }
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard let first = UInt16(parts[0]), parts.count <= 2 else {
            throw .invalid("invalid port specification: \"" + text + "\"")
        }
        if parts.count == 1 { return (first, first) }
        guard let last = UInt16(parts[1]), last >= first else {
            throw .invalid("invalid port specification: \"" + text + "\"")
        }
        return (first, last)
    }

    private static func address(_ text: String) throws(EngineError) -> String {
        if text.isEmpty || IPv4Address(text) != nil || InternetAddress.isIPv6(text) { return text }
        throw .invalid("invalid IP address: " + text)
    }

    var json: JSON {
        .members([
            ("transport", .string(transport.rawValue)), ("containerPort", .int(containerPort)),
            ("hostIP", .string(hostIP)), ("first", .int(firstHostPort)), ("last", .int(lastHostPort)),
        ])
    }

    init(json: JSON.Object) throws(JSON.Failure) {
        transport = PortProtocol(rawValue: try json.string("transport")) ?? .tcp
        containerPort = UInt16(clamping: try json.int("containerPort"))
        hostIP = try json.string("hostIP")
        firstHostPort = UInt16(clamping: try json.int("first"))
        lastHostPort = UInt16(clamping: try json.int("last"))
    }
}

extension PublishedPort {
    var json: JSON {
        .members([
            ("transport", .string(transport.rawValue)), ("containerPort", .int(containerPort)),
            ("hostIP", .string(hostIP)), ("hostPort", .int(hostPort)), ("proxyPID", .int(proxyPID)),
            ("proxyStartTime", .int(proxyStartTime)),
        ])
    }

    init(json: JSON.Object) throws(JSON.Failure) {
        transport = PortProtocol(rawValue: try json.string("transport")) ?? .tcp
        containerPort = UInt16(clamping: try json.int("containerPort"))
        hostIP = try json.string("hostIP")
        hostPort = UInt16(clamping: try json.int("hostPort"))
        proxyPID = Int32(clamping: try json.int("proxyPID"))
        proxyStartTime = try json.uint("proxyStartTime") ?? 0
    }
}

/// Which ports of the host are given out. Rules only; no system call.
struct PortTable: Equatable, Sendable {
    private struct Key: Hashable, Sendable {
        let hostIP: String
        let transport: PortProtocol
    }

    private var taken: [Key: Set<UInt16>] = [:]
    /// The last port given out of the free range: the next search starts behind it, so that one just released rests.
    private var last: [Key: UInt16] = [:]
    private let free: ClosedRange<UInt16>

    init(free: ClosedRange<UInt16> = 32768...60999) { self.free = free }

    enum Failure: Error, Equatable { case allocated(UInt16), exhausted }

    /// The port itself, the first free one of a range, or for 0 to 0 any free one.
    mutating func take(
        _ hostIP: String, _ transport: PortProtocol, first: UInt16, last end: UInt16
    ) throws(Failure) -> UInt16 {
        let key = Key(hostIP: hostIP, transport: transport)
        if first != 0 {
            guard let port = (first...end).first(where: { !(taken[key]?.contains($0) ?? false) }) else {
                throw first == end ? .allocated(first) : .exhausted
            }
            taken[key, default: []].insert(port)
            return port
        }
        var port = last[key] ?? free.upperBound
        for _ in free {
            port = port >= free.upperBound ? free.lowerBound : port + 1
            if taken[key, default: []].insert(port).inserted {
                last[key] = port
                return port
            }
        }
        throw .exhausted
    }

    mutating func release(_ hostIP: String, _ transport: PortProtocol, _ port: UInt16) {
        taken[Key(hostIP: hostIP, transport: transport)]?.remove(port)
    }
}
