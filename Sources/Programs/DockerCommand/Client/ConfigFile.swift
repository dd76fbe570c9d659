internal import Flags
internal import GoText
internal import JSON
internal import Linux

extension JSON {
    /// Why this is no configuration, in the words of Go's decoder; nil: it is one.
    fileprivate var problemAsConfig: String? {
        guard let object else {
            return isNull ? nil : "json: cannot unmarshal " + kindName + " into Go value of type configfile.ConfigFile"
        }
        for member in object.members where ConfigFile.textMembers.contains(member.name) {
            if member.value.string != nil || member.value.isNull { continue }
            return "json: cannot unmarshal " + member.value.kindName + " into Go struct field ConfigFile."
                + member.name + " of type string"
        }
        return nil
    }
}

/// The user's config.json: what this program reads of it, and everything else kept as it is.
struct ConfigFile {
    let path: String
    private(set) var root: JSON.Object

    init(path: String, root: JSON.Object) {
        self.path = path
        self.root = root
    }

    /// Reads the file; one that is absent is empty. One that cannot be parsed is reported and taken for empty.
    static func load(from directory: String) -> ConfigFile {
        let path = directory + "/config.json"
        let empty = ConfigFile(path: path, root: JSON.Object())
        func warn(_ problem: String) {
            Console.error("WARNING: Error parsing config file (" + path + "): " + problem + "\n")
        }
        do {
            guard Files.exists(path) else { return empty }
            if Files.isDirectory(path) {
                warn("read " + path + ": is a directory")
                return empty
            }
            let bytes = try Files.read(path)
            // An empty file is one that says nothing.
            if bytes.allSatisfy({ [9, 10, 13, 32].contains($0) }) { return empty }
            let json = try JSON(parsing: bytes)
            let config = ConfigFile(path: path, root: json.object ?? JSON.Object())
            if let problem = json.problemAsConfig ?? config.problemOfCredentials { warn(problem) }
            return config
        } catch let error as JSON.Failure {
            warn(error.message == "unexpected end of JSON input" ? "unexpected EOF" : error.message)
        } catch {
            Console.error(
                "WARNING: Error loading config file: open " + path + ": " + failure(from: error).message + "\n")
        }
        return empty
    }

    /// What is wrong with the first of the stored credentials that cannot be read.
    private var problemOfCredentials: String? {
        for (_, entry) in root["auths"]?.object?.members.map({ ($0.name, $0.value) }) ?? [] {
            guard let encoded = entry["auth"]?.string, !encoded.isEmpty else { continue }
            guard let plain = Base64.decoded(encoded) else {
                let place = encoded.utf8.prefix { Base64.decoded(String(decoding: [$0], as: UTF8.self)) != nil }.count
                return "illegal base64 data at input byte \(place)"
            }
            if !plain.contains(UInt8(ascii: ":")) { return "Invalid auth configuration file" }
        }
        return nil
    }

    /// Members that are texts.
    fileprivate static let textMembers: Set<String> = [
        "psFormat", "imagesFormat", "networksFormat", "pluginsFormat", "volumesFormat", "statsFormat", "detachKeys",
        "credsStore", "serviceInspectFormat", "servicesFormat", "tasksFormat", "secretFormat", "configFormat",
        "nodesFormat", "currentContext",
    ]

    /// The members in the order that docker writes them in; others follow.
    private static let order = [
        "auths", "HttpHeaders", "psFormat", "imagesFormat", "networksFormat", "pluginsFormat", "volumesFormat",
        "statsFormat", "detachKeys", "credsStore", "credHelpers", "serviceInspectFormat", "servicesFormat",
        "tasksFormat", "secretFormat", "configFormat", "nodesFormat", "pruneFilters", "proxies", "currentContext",
        "cliPluginsExtraDirs", "plugins", "aliases", "features",
    ]

    func save() throws {
        var ordered = JSON.Object([("auths", .members([]))])
        if let auths = root["auths"] { ordered["auths"] = auths }
        for name in Self.order + root.names where ordered[name] == nil { ordered[name] = root[name] }
        try Files.makeDirectories(Files.parent(of: path), mode: 0o700)
        try Files.replace(path, with: Array(JSON.object(ordered).indented("\t").utf8), mode: 0o600)
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

    /// A text member of a member; empty when absent.
    func text(_ name: String, _ member: String) -> String { root[name]?[member]?.string ?? "" }

    /// A list of texts; empty when absent.
    func texts(_ name: String) -> [String] { (root[name]?.array ?? []).compactMap { $0.string } }

    /// Conditions that prune commands always have.
    var pruneFilters: [String] { texts("pruneFilters") }

    /// Other names of commands.
    var aliases: [(name: String, value: JSON)] {
        (root["aliases"]?.object?.members ?? []).map { ($0.name, $0.value) }
    }

    var hasProxies: Bool { root["proxies"]?.object?.isEmpty == false }

    /// Proxy settings for containers of a daemon, as environment variables in upper and lower case; those that
    /// `taken` names are left as the user gave them.
    func proxyEnvironment(host: String, besides taken: [String]) -> [(String, String)] {
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
        return all.filter { !taken.contains($0.0) }
    }

    // MARK: Credentials

    var serversWithCredentials: [String] { root["auths"]?.object?.names ?? [] }
    var serversWithHelpers: [String] { root["credHelpers"]?.object?.names ?? [] }

    /// What the file says of the user at a registry; nil: nothing.
    func credentials(_ server: String) -> Credentials? {
        guard let entry = root["auths"]?[server]?.object else { return nil }
        var found = Credentials(server: server, token: entry["identitytoken"]?.string ?? "")
        if let encoded = entry["auth"]?.string, let plain = Base64.decoded(encoded) {
            let (user, password) = splitOnce(String(decoding: plain, as: UTF8.self), at: UInt8(ascii: ":"))
            found.user = user
            found.password = String((password ?? "").drop { $0 == "\0" })
        }
        return found
    }

    mutating func storeCredentials(_ credentials: Credentials) {
        var auths = root["auths"]?.object ?? JSON.Object()
        var entry = JSON.Object()
        if !credentials.user.isEmpty || !credentials.password.isEmpty {
            let plain = credentials.user + ":" + (credentials.token.isEmpty ? credentials.password : "")
            entry["auth"] = .string(Base64.encoded(Array(plain.utf8)))
        }
        if !credentials.token.isEmpty { entry["identitytoken"] = .string(credentials.token) }
        auths[credentials.server] = .object(entry)
        let sorted = auths.members.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        root["auths"] = .members(sorted.map { ($0.name, $0.value) })
    }

    /// Forgets a registry; false when nothing was known of it.
    mutating func removeCredentials(_ server: String) -> Bool {
        guard var auths = root["auths"]?.object, auths[server] != nil else { return false }
        auths[server] = nil
        root["auths"] = .object(auths)
        return true
    }
}
