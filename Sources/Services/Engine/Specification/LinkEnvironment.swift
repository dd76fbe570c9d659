/// What a container on the default bridge learns of the ones it is linked to (`--link`), in its environment.
struct LinkEnvironment {
    /// "/own/alias"
    let name: String
    let alias: String
    let address: String
    /// "80/tcp"
    let ports: [String]
    /// The other container's own environment.
    let variables: [String]

    var list: [String] {
        let prefix = String(alias.uppercased().map { $0 == "-" ? "_" : $0 })
        var list: [String] = []
        let known = ports.compactMap(LinkEnvironment.port).sorted { ($0.number, $0.proto) < ($1.number, $1.proto) }
        if let first = known.first {
            list.append("\(prefix)_PORT=\(first.proto)://\(address):\(first.number)")
        }
        for port in known {
            let one = "\(prefix)_PORT_\(port.number)_\(port.proto.uppercased())"
            list.append("\(one)=\(port.proto)://\(address):\(port.number)")
            list.append("\(one)_ADDR=\(address)")
            list.append("\(one)_PORT=\(port.number)")
            list.append("\(one)_PROTO=\(port.proto)")
        }
        list.append("\(prefix)_NAME=\(name)")
        for variable in variables where !variable.hasPrefix("HOME=") && !variable.hasPrefix("PATH=") {
            list.append("\(prefix)_ENV_\(variable)")
        }
        return list
    }

    private static func port(_ text: String) -> (number: Int, proto: String)? {
        let parts = text.split(separator: "/")
        guard let first = parts.first, let number = Int(first) else { return nil }
        return (number, parts.count > 1 ? String(parts[1]) : "tcp")
    }
}
