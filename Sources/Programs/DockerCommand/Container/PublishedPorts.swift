internal import Flags
internal import GoText
internal import HTTPClient
internal import JSON

/// What `-p` and `--expose` ask for.
struct PublishedPorts {
    /// `80/tcp`, in the order named.
    private(set) var exposed: [String] = []
    private var bindings: [String: [(ip: String, port: String)]] = [:]

    init(publish: [String], expose: [String]) throws(CommandFailure) {
        for text in publish { try add(text.contains("=") ? try Self.standardNotation(text) : text) }
        for text in expose {
            if text.contains(":") { throw CommandFailure("invalid port format for --expose: " + text) }
            let (numbers, kind) = splitOnce(text, at: UInt8(ascii: "/"))
            guard let range = Self.range(numbers) else {
                throw CommandFailure(
                    "invalid range format for --expose: " + text + ", error: " + Self.rangeFault(numbers))
            }
            for port in range { note("\(port)/\((kind ?? "tcp").lowercased())") }
        }
    }

    private mutating func note(_ port: String) {
        if !exposed.contains(port) { exposed.append(port) }
    }

    /// `target=80,published=8080,protocol=tcp`.
    private static func standardNotation(_ text: String) throws(CommandFailure) -> String {
        var parameters = ["protocol": "tcp"]
        for field in text.split(separator: ",", omittingEmptySubsequences: false) {
            let (name, value) = splitOnce(String(field), at: UInt8(ascii: "="))
            guard let value, !name.isEmpty else {
                throw CommandFailure("invalid publish opts format (should be name=value but got '" + field + "')")
            }
            parameters[name] = value
        }
        return (parameters["published"] ?? "") + ":" + (parameters["target"] ?? "") + "/"
            + (parameters["protocol"] ?? "")
    }

    /// `[ip:][hostPort:]containerPort[/protocol]`, with ranges.
    private mutating func add(_ text: String) throws(CommandFailure) {
        var (rest, kindText) = splitOnce(text, at: UInt8(ascii: "/"))
        let kind = (kindText ?? "tcp").lowercased()
        kindText = nil
        var ip = ""
        if rest.hasPrefix("[") {
            let (address, after) = splitOnce(String(rest.dropFirst()), at: UInt8(ascii: "]"))
            guard let after, after.hasPrefix(":") else { throw CommandFailure("invalid IP address: " + rest) }
            ip = address
            rest = String(after.dropFirst())
        }
        var parts = rest.split(separator: ":", omittingEmptySubsequences: false).map { String($0) }
        let inside = parts.removeLast()
        let outside = parts.isEmpty ? "" : parts.removeLast()
        if !parts.isEmpty { ip = parts.joined(separator: ":") }
        if !ip.isEmpty && addressBytes(ip) == nil { throw CommandFailure("invalid IP address: " + ip) }
        if inside.isEmpty { throw CommandFailure("no port specified: " + text + "<empty>") }
        guard let containerPorts = Self.range(inside) else { throw CommandFailure("invalid containerPort: " + inside) }
        var hostPorts: ClosedRange<Int>?
        if !outside.isEmpty {
            guard let range = Self.range(outside) else { throw CommandFailure("invalid hostPort: " + outside) }
            hostPorts = range
        }
        guard ["tcp", "udp", "sctp"].contains(kind) else { throw CommandFailure("invalid proto: " + kind) }
        try bind(ip, hostPorts, containerPorts, kind, outside: outside, inside: inside)
    }

    private mutating func bind(
        _ ip: String, _ hostPorts: ClosedRange<Int>?, _ containerPorts: ClosedRange<Int>, _ kind: String,
        outside: String,
        inside: String
    ) throws(CommandFailure) {
        if let hostPorts, hostPorts.count != containerPorts.count, containerPorts.count != 1 {
            throw CommandFailure("invalid ranges specified for container and host Ports: " + inside + " and " + outside)
        }
        for (index, port) in containerPorts.enumerated() {
            var host = ""
            if let hostPorts {
                host =
                    containerPorts.count == 1 && hostPorts.count > 1
                    ? "\(hostPorts.lowerBound)-\(hostPorts.upperBound)" : String(hostPorts.lowerBound + index)
            }
            let name = "\(port)/\(kind)"
            note(name)
            bindings[name, default: []].append((ip, host))
        }
    }

    private static func range(_ text: String) -> ClosedRange<Int>? {
        let (first, last) = splitOnce(text, at: UInt8(ascii: "-"))
        guard let low = number(first) else { return nil }
        guard let last else { return low...low }
        guard let high = number(last), high >= low else { return nil }
        return low...high
    }

    private static func number(_ text: String) -> Int? {
        guard text.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }), let number = Int(text), number < 65536 else { return nil }
        return number
    }

    private static func rangeFault(_ text: String) -> String {
        let (first, last) = splitOnce(text, at: UInt8(ascii: "-"))
        if let last, let low = number(first), let high = number(last), high < low {
            return "invalid range specified for port: " + text
        }
        if text.isEmpty { return "empty string specified for ports." }
        let wrong = number(first) == nil ? first : last ?? ""
        let fault = Int(wrong).map { $0 > 65535 } == true ? "value out of range" : "invalid syntax"
        return "strconv.ParseUint: parsing " + goQuoted(wrong) + ": " + fault
    }

    var exposedJSON: JSON { .members(exposed.map { ($0, .members([])) }) }

    var bindingsJSON: JSON {
        .members(
            exposed.compactMap { port in
                bindings[port].map { list in
                    (
                        port,
                        JSON.array(list.map { .members([("HostIp", .string($0.ip)), ("HostPort", .string($0.port))]) })
                    )
                }
            })
    }
}
