internal import CLinux
internal import GoText
internal import Linux

/// A server that passes requests on, as the environment names it.
public struct Proxy: Equatable, Sendable {
    public let host: String
    public let port: String
    /// What the header `Proxy-Authorization` says; empty: nothing.
    public let authorization: String

    /// The proxy for a server, by the rules of Go's net/http: HTTP_PROXY or HTTPS_PROXY in either case, unless the
    /// server is this machine or NO_PROXY names it. Nil: none. `variable` reads the environment.
    public static func choose(
        secure: Bool, host: String, port: String, _ variable: (String) -> String?
    ) throws(HTTPFailure) -> Proxy? {
        func value(_ name: String) -> String {
            let upper = variable(name) ?? ""
            return upper.isEmpty ? variable(name.lowercased()) ?? "" : upper
        }
        let text = value(secure ? "HTTPS_PROXY" : "HTTP_PROXY")
        if text.isEmpty || host == "localhost" || isLoopback(host) { return nil }
        if !secure, let method = variable("REQUEST_METHOD"), !method.isEmpty {
            throw HTTPFailure(
                .transport, "refusing to use HTTP_PROXY value in CGI environment; see golang.org/s/cgihttpproxy")
        }
        for entry in value("NO_PROXY").split(separator: ",") where excludes(String(entry), host, port) { return nil }
        return try Proxy(parsing: text)
    }

    private init(parsing text: String) throws(HTTPFailure) {
        let (scheme, rest) = Self.parts(text)
        guard scheme == "http" else {
            throw HTTPFailure(
                .transport, "proxyconnect tcp: a proxy of scheme " + scheme + " is not supported: use http")
        }
        var authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        var login = ""
        if let at = authority.lastIndex(of: "@") {
            login = String(authority[..<at])
            authority = authority[authority.index(after: at)...]
        }
        (host, port) = Self.hostAndPort(String(authority), default: "80")
        let (user, password) = Self.halves(login)
        authorization =
            login.isEmpty ? "" : "Basic " + Base64.encoded(Array((unescaped(user) + ":" + unescaped(password)).utf8))
    }

    private static func parts(_ text: String) -> (scheme: String, rest: Substring) {
        guard let mark = text.firstIndex(of: ":"), text[mark...].hasPrefix("://") else { return ("http", text[...]) }
        return (text[..<mark].lowercased(), text[text.index(mark, offsetBy: 3)...])
    }

    private static func halves(_ login: String) -> (String, String) {
        guard let colon = login.firstIndex(of: ":") else { return (login, "") }
        return (String(login[..<colon]), String(login[login.index(after: colon)...]))
    }

    private static func hostAndPort(_ text: String, default port: String) -> (String, String) {
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            let after = text[text.index(after: end)...]
            return (
                String(text[text.index(after: text.startIndex)..<end]), after.isEmpty ? port : String(after.dropFirst())
            )
        }
        guard let colon = text.lastIndex(of: ":"), text.firstIndex(of: ":") == colon else { return (text, port) }
        return (String(text[..<colon]), String(text[text.index(after: colon)...]))
    }

    // MARK: NO_PROXY

    /// Whether one entry of NO_PROXY names the server: `*`, an address or a block of them, or a domain with all that is
    /// below it (only that with a dot before it); a port after it must be the server's.
    private static func excludes(_ entry: String, _ host: String, _ port: String) -> Bool {
        var entry = entry.lowercased().filter { $0 != " " && $0 != "\t" }
        if entry.isEmpty { return false }
        if entry == "*" { return true }
        let host = host.lowercased()
        if let slash = entry.firstIndex(of: "/"), let bits = Int(entry[entry.index(after: slash)...]),
            let block = addressBytes(String(entry[..<slash]))
        {
            return contains(block, bits, host)
        }
        let (name, entryPort) = addressBytes(entry) == nil ? hostAndPort(entry, default: "") : (entry, "")
        if !entryPort.isEmpty && entryPort != port { return false }
        entry = name
        if let address = addressBytes(entry) { return addressBytes(host) == address }
        if entry.hasPrefix("*.") { entry.removeFirst() }
        if entry.hasPrefix(".") { return host.hasSuffix(entry) }
        return host == entry || host.hasSuffix("." + entry)
    }

    private static func contains(_ block: [UInt8], _ bits: Int, _ host: String) -> Bool {
        guard let address = addressBytes(host), address.count == block.count, bits >= 0, bits <= block.count * 8 else {
            return false
        }
        for bit in 0..<bits where (address[bit / 8] ^ block[bit / 8]) & (0x80 >> UInt8(bit % 8)) != 0 { return false }
        return true
    }

    private static func isLoopback(_ host: String) -> Bool {
        guard let bytes = addressBytes(host) else { return false }
        return bytes.count == 4 ? bytes[0] == 127 : bytes.dropLast().allSatisfy { $0 == 0 } && bytes.last == 1
    }
}

/// The 4 or 16 bytes of an IP address; nil when the text is none.
public func addressBytes(_ text: String) -> [UInt8]? {
    var four = [UInt8](repeating: 0, count: 4)
    if inet_pton(AF_INET, text, &four) == 1 { return four }
    var sixteen = [UInt8](repeating: 0, count: 16)
    return inet_pton(AF_INET6, text, &sixteen) == 1 ? sixteen : nil
}

/// Percent escapes undone.
private func unescaped(_ text: String) -> String {
    var out: [UInt8] = []
    var bytes = Array(text.utf8)[...]
    while let byte = bytes.popFirst() {
        if byte == 37, bytes.count >= 2, let value = UInt8(String(decoding: bytes.prefix(2), as: UTF8.self), radix: 16)
        {
            out.append(value)
            bytes = bytes.dropFirst(2)
        } else {
            out.append(byte)
        }
    }
    return String(decoding: out, as: UTF8.self)
}

extension HTTPConnection {
    /// Opens a way through a proxy to a server that speaks TLS.
    static func tunnel(
        through proxy: Proxy, to host: String, _ port: String
    ) throws(HTTPFailure) -> Int32 {
        let stream = try Address.tcp(host: proxy.host, port: proxy.port).connect()
        let target = (host.contains(":") ? "[" + host + "]" : host) + ":" + port
        var request = HTTPRequest("CONNECT", target)
        if !proxy.authorization.isEmpty {
            request.headers.append((name: "Proxy-Authorization", value: proxy.authorization))
        }
        let answer = try HTTPConnection(stream, host: target).exchange(request)
        guard answer.status == 200 else { throw HTTPFailure(.transport, answer.reason) }
        let own = dup(stream.descriptor)
        guard own >= 0 else { throw HTTPFailure(.transport, "dup: " + errorText(cl_errno())) }
        return own
    }
}
