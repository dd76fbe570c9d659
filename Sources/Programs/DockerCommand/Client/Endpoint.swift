internal import Flags
internal import GoText
internal import HTTPClient

/// Where a daemon listens.
struct Endpoint: Equatable {
    /// As messages name it.
    var host: String
    var address: Address
    var security: TransportSecurity?
    /// What stands before the path of every request.
    var basePath = ""

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
        case nil, "tcp":
            let (name, port) = try Self.hostAndPort(parts.rest, default: underTLS ? "2376" : "2375", in: text)
            let path = splitOnce(parts.rest, at: UInt8(ascii: "/")).1.map { "/" + $0 } ?? ""
            basePath = path
            while basePath.hasSuffix("/") { basePath.removeLast() }
            host = "tcp://" + (name.contains(":") ? "[" + name + "]" : name) + ":" + port + path
            address = .tcp(host: name, port: port)
        case "ssh":
            host = text
            address = .command(try SSHHost(parts.rest, in: text).command)
        case "fd": throw CommandFailure("unable to parse docker host `" + text + "`")
        case "npipe": throw CommandFailure("protocol not available")
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
        if let given, !given.isEmpty, Int(given) == nil {
            let port = authority.split(separator: ":", omittingEmptySubsequences: false).last ?? ""
            throw CommandFailure("parse \"" + text + "\": invalid port \":" + port + "\" after host")
        }
        return (name.isEmpty ? "localhost" : name, given.flatMap { $0.isEmpty ? nil : $0 } ?? port)
    }
}

/// A daemon on a machine that ssh reaches: `[user@]host[:port][/path of its socket]`.
private struct SSHHost {
    let command: [String]

    init(_ rest: String, in text: String) throws(CommandFailure) {
        func invalid(_ why: String) -> CommandFailure {
            CommandFailure("ssh host connection is not valid: invalid SSH URL: " + why)
        }
        let (beforeFragment, fragment) = splitOnce(rest, at: UInt8(ascii: "#"))
        let (plain, query) = splitOnce(beforeFragment, at: UInt8(ascii: "?"))
        let (authority, path) = splitOnce(plain, at: UInt8(ascii: "/"))
        if let bad = authority.unicodeScalars.first(where: { $0 == " " || $0 == "<" || $0 == ">" || $0 == "\"" }) {
            throw CommandFailure("parse \"" + text + "\": invalid character \"" + String(bad) + "\" in host name")
        }
        let bytes = Array(authority.utf8)
        let at = bytes.lastIndex(of: UInt8(ascii: "@"))
        let user = at.map { String(decoding: bytes[..<$0], as: UTF8.self) } ?? ""
        let (host, port) = Self.hostAndPort(at.map { String(decoding: bytes[($0 + 1)...], as: UTF8.self) } ?? authority)
        if user.contains(":") { throw invalid("plain-text password is not supported") }
        if host.isEmpty { throw invalid("hostname is empty") }
        if let query, !query.isEmpty { throw invalid("query parameters are not allowed: " + goQuoted(query)) }
        if let fragment, !fragment.isEmpty { throw invalid("fragments are not allowed: " + goQuoted(fragment)) }
        var words = ["ssh", "-o ConnectTimeout=30", "-T"]
        if !user.isEmpty { words += ["-l", user] }
        if !port.isEmpty { words += ["-p", port] }
        // What follows cannot be taken for a flag.
        words += ["--", host, "docker"]
        if let path { words += ["--host", "unix:///" + path] }
        command = words + ["system", "dial-stdio"]
    }

    private static func hostAndPort(_ text: String) -> (String, String) {
        if text.hasPrefix("[") {
            let (host, after) = splitOnce(String(text.dropFirst()), at: UInt8(ascii: "]"))
            return (host, String((after ?? "").drop { $0 == ":" }))
        }
        let (host, port) = splitOnce(text, at: UInt8(ascii: ":"))
        return (host, port ?? "")
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
