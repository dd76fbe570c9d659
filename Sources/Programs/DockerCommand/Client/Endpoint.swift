internal import Flags
internal import HTTPClient

/// Where a daemon listens.
struct Endpoint: Equatable {
    /// As messages name it.
    var host: String
    var address: Address
    var security: TransportSecurity?

    /// From what `-H` and DOCKER_HOST take; empty is the default socket.
    init(_ text: String, underTLS: Bool = false) throws(CommandFailure) {
        var text = text
        while text.hasPrefix(" ") { text.removeFirst() }
        while text.hasSuffix(" ") { text.removeLast() }
        if text.isEmpty { text = underTLS ? "tcp://localhost:2376" : "unix:///var/run/docker.sock" }
        let parts = splitScheme(text)
        switch parts.scheme {
        case "unix":
            guard !parts.rest.contains("://") else {
                throw CommandFailure("invalid unix address: " + parts.rest)
            }
            let path = parts.rest.isEmpty ? "/var/run/docker.sock" : parts.rest
            host = "unix://" + path
            address = .unix(path: path)
        case nil, "tcp", "http", "https":
            let (name, port) = try Self.hostAndPort(parts.rest, default: underTLS ? "2376" : "2375", in: text)
            host = "tcp://" + (name.contains(":") ? "[" + name + "]" : name) + ":" + port
            address = .tcp(host: name, port: port)
        case "ssh":
            throw CommandFailure(
                "connections through ssh are not supported: use a unix or tcp address, or forward the socket")
        default: throw CommandFailure("invalid bind address format: " + text)
        }
    }

    private static func hostAndPort(
        _ rest: String, default port: String, in text: String
    ) throws(CommandFailure) -> (String, String) {
        let authority = splitOnce(rest, at: UInt8(ascii: "/")).0
        if authority.hasPrefix("[") {
            let (name, after) = splitOnce(String(authority.dropFirst()), at: UInt8(ascii: "]"))
            let given = after.map { $0.hasPrefix(":") ? String($0.dropFirst()) : "" } ?? ""
            return (name, given.isEmpty ? port : given)
        }
        let (name, given) = splitOnce(authority, at: UInt8(ascii: ":"))
        if let given, Int(given) == nil || given.contains(":") {
            throw CommandFailure("invalid bind address format: " + text)
        }
        return (name.isEmpty ? "localhost" : name, given ?? port)
    }
}

private func splitScheme(_ text: String) -> (scheme: String?, rest: String) {
    let bytes = Array(text.utf8)
    for index in bytes.indices where index + 2 < bytes.count {
        if bytes[index] == 58 && bytes[index + 1] == 47 && bytes[index + 2] == 47 {
            return (
                String(decoding: bytes[0..<index], as: UTF8.self),
                String(decoding: bytes[(index + 3)...], as: UTF8.self)
            )
        }
    }
    return (nil, text)
}
