internal import Flags
internal import JSON
internal import Linux

/// The user's config.json: what this program reads of it, and everything else kept as it is.
struct ConfigFile {
    let path: String
    private(set) var root: JSON.Object

    /// Reads the file; one that is absent is empty. One that cannot be parsed is reported and taken for empty.
    static func load(from directory: String) -> ConfigFile {
        let path = directory + "/config.json"
        do {
            guard Files.exists(path) else { return ConfigFile(path: path, root: JSON.Object()) }
            let json = try JSON(parsing: try Files.read(path))
            return ConfigFile(path: path, root: json.object ?? JSON.Object())
        } catch {
            Console.error("WARNING: Error loading config file: " + path + ": \(error)\n")
            return ConfigFile(path: path, root: JSON.Object())
        }
    }

    func save() throws {
        try Files.makeDirectories(Files.parent(of: path), mode: 0o700)
        try Files.replace(path, with: Array(JSON.object(root).indented("\t").utf8), mode: 0o600)
    }

    /// A text member; empty when absent.
    func text(_ name: String) -> String { root[name]?.string ?? "" }

    var currentContext: String {
        get { text("currentContext") }
        set { root["currentContext"] = newValue.isEmpty ? nil : .string(newValue) }
    }

    var detachKeys: String { text("detachKeys") }

    /// Headers for every request.
    var headers: [(String, String)] {
        (root["HttpHeaders"]?.object?.members ?? []).compactMap { member in
            member.value.string.map { (member.name, $0) }
        }
    }

    /// Conditions that prune commands always have.
    var pruneFilters: [String] { (root["pruneFilters"]?.array ?? []).compactMap { $0.string } }

    /// Proxy settings for containers of a daemon, as environment variables in upper and lower case.
    func proxyEnvironment(host: String) -> [(String, String)] {
        guard let proxies = root["proxies"]?.object, let entry = (proxies[host] ?? proxies["default"])?.object else {
            return []
        }
        let names = [
            ("httpProxy", "HTTP_PROXY"), ("httpsProxy", "HTTPS_PROXY"), ("noProxy", "NO_PROXY"),
            ("ftpProxy", "FTP_PROXY"),
            ("allProxy", "ALL_PROXY"),
        ]
        var all: [(String, String)] = []
        for (key, variable) in names {
            guard let value = entry[key]?.string, !value.isEmpty else { continue }
            all += [(variable, value), (variable.lowercased(), value)]
        }
        return all
    }

    // MARK: Credentials

    /// The stored credentials of a registry, as the API's X-Registry-Auth wants them before encoding.
    func credentials(_ server: String) -> JSON {
        guard let entry = root["auths"]?[server]?.object else { return .members([]) }
        var members: [(String, JSON)] = []
        if let encoded = entry["auth"]?.string, let plain = Base64.decoded(encoded) {
            let (user, password) = splitOnce(String(decoding: plain, as: UTF8.self), at: UInt8(ascii: ":"))
            members.append(("username", .string(user)))
            members.append(("password", .string(password ?? "")))
        }
        if let token = entry["identitytoken"]?.string { members.append(("identitytoken", .string(token))) }
        if members.isEmpty { return .members([]) }
        members.append(("serveraddress", .string(server)))
        return .members(members)
    }

    mutating func storeCredentials(_ server: String, user: String, password: String, token: String) {
        var auths = root["auths"]?.object ?? JSON.Object()
        var entry = JSON.Object()
        entry["auth"] = .string(Base64.encoded(Array((user + ":" + (token.isEmpty ? password : "")).utf8)))
        if !token.isEmpty { entry["identitytoken"] = .string(token) }
        auths[server] = .object(entry)
        root["auths"] = .object(auths)
    }

    /// Forgets a registry; false when nothing was known of it.
    mutating func removeCredentials(_ server: String) -> Bool {
        guard var auths = root["auths"]?.object, auths[server] != nil else { return false }
        auths[server] = nil
        root["auths"] = .object(auths)
        return true
    }

    /// All credentials, for X-Registry-Config.
    var allCredentials: JSON {
        .members((root["auths"]?.object?.names ?? []).map { ($0, credentials($0)) })
    }
}

/// Base64 (RFC 4648).
enum Base64 {
    private static let standard = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// With padding; `urlSafe` uses - and _.
    static func encoded(_ bytes: [UInt8], urlSafe: Bool = false) -> String {
        var letters = standard
        if urlSafe {
            letters[62] = UInt8(ascii: "-")
            letters[63] = UInt8(ascii: "_")
        }
        var out: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let a = bytes[index]
            let b = index + 1 < bytes.count ? bytes[index + 1] : 0
            let c = index + 2 < bytes.count ? bytes[index + 2] : 0
            out.append(letters[Int(a >> 2)])
            out.append(letters[Int((a & 3) << 4 | b >> 4)])
            out.append(index + 1 < bytes.count ? letters[Int((b & 15) << 2 | c >> 6)] : UInt8(ascii: "="))
            out.append(index + 2 < bytes.count ? letters[Int(c & 63)] : UInt8(ascii: "="))
            index += 3
        }
        return String(decoding: out, as: UTF8.self)
    }

    static func decoded(_ text: String) -> [UInt8]? {
        var out: [UInt8] = []
        var value: UInt32 = 0
        var bits = 0
        for byte in text.utf8 {
            if byte == UInt8(ascii: "=") { break }
            let plain =
                byte == UInt8(ascii: "-") ? UInt8(ascii: "+") : byte == UInt8(ascii: "_") ? UInt8(ascii: "/") : byte
            guard let index = standard.firstIndex(of: plain) else { return nil }
            value = value << 6 | UInt32(index)
            bits += 6
            if bits >= 8 {
                bits -= 8
                out.append(UInt8(truncatingIfNeeded: value >> UInt32(bits)))
            }
        }
        return out
    }
}
