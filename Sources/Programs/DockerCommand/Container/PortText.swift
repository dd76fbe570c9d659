internal import JSON

/// Published ports as `docker ps` prints them: neighbours with the same mapping joined into ranges.
enum PortText {
    private struct Port {
        var ip: String
        var inside: Int
        var outside: Int
        var kind: String
    }

    private struct Range {
        var first: Int
        var last: Int
    }

    static func display(_ ports: [JSON]) -> String {
        var all = ports.map {
            Port(
                ip: $0["IP"]?.string ?? "", inside: $0["PrivatePort"]?.int ?? 0, outside: $0["PublicPort"]?.int ?? 0,
                kind: $0["Type"]?.string ?? "")
        }
        all.sort(by: precedes)
        var groups: [String: Range] = [:]
        var order: [String] = []
        var hostMappings: [String] = []
        var result: [String] = []
        for port in all {
            var key = port.kind
            if !port.ip.isEmpty {
                if port.outside != port.inside {
                    let shown = port.ip.contains(":") ? "[" + port.ip + "]" : port.ip
                    hostMappings.append("\(shown):\(port.outside)->\(port.inside)/\(port.kind)")
                    continue
                }
                key = port.ip + "/" + port.kind
            }
            guard var range = groups[key] else {
                groups[key] = Range(first: port.inside, last: port.inside)
                order.append(key)
                continue
            }
            if port.inside == range.last + 1 {
                range.last = port.inside
                groups[key] = range
                continue
            }
            result.append(text(key, range))
            groups[key] = Range(first: port.inside, last: port.inside)
        }
        for key in order { if let range = groups[key] { result.append(text(key, range)) } }
        return (result + hostMappings).joined(separator: ", ")
    }

    private static func text(_ key: String, _ range: Range) -> String {
        let parts = key.split(separator: "/")
        var numbers = String(range.first)
        if range.last != range.first { numbers += "-" + String(range.last) }
        if parts.count > 1 {
            let ip = parts[0].contains(":") ? "[" + parts[0] + "]" : String(parts[0])
            return ip + ":" + numbers + "->" + numbers + "/" + parts[1]
        }
        return numbers + "/" + key
    }

    private static func precedes(_ a: Port, _ b: Port) -> Bool {
        if a.inside != b.inside { return a.inside < b.inside }
        if a.ip != b.ip { return a.ip.utf8.lexicographicallyPrecedes(b.ip.utf8) }
        if a.outside != b.outside { return a.outside < b.outside }
        return a.kind.utf8.lexicographicallyPrecedes(b.kind.utf8)
    }
}
