internal import CLinux
internal import EngineClient
internal import Flags
internal import HTTPClient
internal import JSON
internal import Linux
internal import Terminal

/// What the program's own flags say.
struct GlobalOptions: Equatable {
    var configDirectory = ""
    var context = ""
    var debug = false
    var hosts: [String] = []
    var logLevel = "info"
    var tls = false
    var tlsVerify = false
    var showVersion = false
    var authority = ""
    var certificate = ""
    var key = ""
}

/// One run of the program: its options, the user's configuration, and the daemon it speaks to.
final class Session {
    var options = GlobalOptions()
    private var loaded: ConfigFile?
    private var connected: EngineClient?

    /// The user's config.json, read once.
    var config: ConfigFile {
        if let loaded { return loaded }
        let file = ConfigFile.load(from: configDirectory)
        loaded = file
        return file
    }

    func save(_ config: ConfigFile) throws {
        loaded = config
        try config.save()
    }

    var configDirectory: String {
        if !options.configDirectory.isEmpty { return options.configDirectory }
        return Self.defaultConfigDirectory
    }

    static var defaultConfigDirectory: String {
        if let named = Process.environment("DOCKER_CONFIG"), !named.isEmpty { return named }
        return home + "/.docker"
    }

    static var defaultCertificateDirectory: String {
        if let named = Process.environment("DOCKER_CERT_PATH"), !named.isEmpty { return named }
        return defaultConfigDirectory
    }

    static var home: String {
        if let home = Process.environment("HOME"), !home.isEmpty { return home }
        guard let entry = getpwuid(getuid()), let directory = entry.pointee.pw_dir else { return "/" }
        return String(cString: directory)
    }

    var contexts: ContextStore { ContextStore(directory: configDirectory + "/contexts") }

    /// The context in force, and where that was said.
    var contextName: String {
        if !options.context.isEmpty { return options.context }
        if !options.hosts.isEmpty { return "default" }
        if let host = Process.environment("DOCKER_HOST"), !host.isEmpty { return "default" }
        if let name = Process.environment("DOCKER_CONTEXT"), !name.isEmpty { return name }
        let current = config.currentContext
        return current.isEmpty ? "default" : current
    }

    /// Proxies that the configuration gives this daemon's containers, besides variables already given.
    func proxyEnvironment(besides taken: [String]) throws -> [(String, String)] {
        guard config.hasProxies else { return [] }
        return config.proxyEnvironment(host: try hostText(), besides: taken)
    }

    /// The daemon's host as the user means it.
    func hostText() throws -> String { try endpoint().host }

    /// The daemon, connected at the first request.
    func client() throws -> EngineClient {
        if let connected { return connected }
        let endpoint = try endpoint()
        let version = Process.environment("DOCKER_API_VERSION").flatMap { $0.isEmpty ? nil : $0 }
        var headers: [(name: String, value: String)] = [
            (name: "User-Agent", value: "Docker-Client/\(clientVersion) (linux)")
        ]
        for (name, value) in try headersOfEnvironment() ?? config.headers { headers.append((name: name, value: value)) }
        let client = EngineClient(
            host: endpoint.host, address: endpoint.address, security: endpoint.security,
            fixedVersion: version.map { $0.hasPrefix("v") ? String($0.dropFirst()) : $0 }, headers: headers,
            basePath: endpoint.basePath)
        connected = client
        return client
    }

    /// What DOCKER_CUSTOM_HEADERS puts in the place of the configuration's headers; nil: nothing.
    private func headersOfEnvironment() throws -> [(String, String)]? {
        guard let text = Process.environment("DOCKER_CUSTOM_HEADERS"), !text.isEmpty else { return nil }
        func invalid(_ why: String) -> CommandFailure {
            CommandFailure(
                "Failed to initialize: failed to set custom headers from DOCKER_CUSTOM_HEADERS environment variable: "
                    + why)
        }
        return try commaSeparated(text).map { field in
            let (name, value) = splitOnce(field, at: UInt8(ascii: "="))
            let key = name.filter { $0 != " " && $0 != "\t" }
            if key.isEmpty { throw invalid("value contains a key=value pair with an empty key: '" + field + "'") }
            guard let value else { throw invalid("missing \"=\" in key=value pair: '" + field + "'") }
            return (key, value)
        }
    }

    /// Where the daemon listens, from flags, environment and context.
    func endpoint() throws -> Endpoint {
        do {
            if options.hosts.count > 1 { throw CommandFailure("Specify only one -H") }
            let name = contextName
            let found = name == "default" ? try defaultEndpoint() : try contexts.endpoint(of: name)
            try found.security?.check()
            return found
        } catch let failure as CommandFailure {
            // Addresses of ssh are only looked at once the endpoint is known.
            let early = [
                "ssh host ", "parse \"ssh:", "unable to parse docker host", "protocol not", "failed to retrieve",
                "no valid private", "tls: ",
            ].contains { failure.message.hasPrefix($0) }
            throw CommandFailure(
                "Failed to initialize: " + (early ? "" : "unable to resolve docker endpoint: ") + failure.message)
        }
    }

    func defaultEndpoint() throws(CommandFailure) -> Endpoint {
        let security = try transportSecurity()
        let given = options.hosts.first ?? Process.environment("DOCKER_HOST") ?? ""
        var endpoint = try Endpoint(given, underTLS: security != nil)
        if case .tcp = endpoint.address { endpoint.security = security }
        return endpoint
    }

    /// TLS as the flags and the environment ask for it; nil: none.
    private func transportSecurity() throws(CommandFailure) -> TransportSecurity? {
        guard options.tls || options.tlsVerify else { return nil }
        var security = TransportSecurity()
        security.verifies = options.tlsVerify
        if !Files.exists(options.authority) {
            throw CommandFailure("open " + options.authority + ": no such file or directory")
        }
        security.authority = options.authority
        let certificate = try existing(options.certificate, usual: "cert.pem")
        let key = try existing(options.key, usual: "key.pem")
        if !certificate.isEmpty && !key.isEmpty {
            security.certificate = certificate
            security.key = key
        }
        return security
    }

    /// A file that a flag names; the usual one may be absent, which leaves nothing.
    private func existing(_ path: String, usual: String) throws(CommandFailure) -> String {
        if Files.exists(path) { return path }
        if path == Self.defaultCertificateDirectory + "/" + usual { return "" }
        throw CommandFailure("open " + path + ": no such file or directory")
    }

    // MARK: Terminal

    /// Asks a yes-or-no question on the terminal.
    func confirms(_ question: String) throws -> Bool {
        Console.out(question + "\nAre you sure you want to continue? [y/N] ")
        // Interrupted, the question is answered with no.
        guard try awaitInput() else {
            Console.out("\n")
            return false
        }
        return readLineFromInput()?.lowercased() == "y"
    }
}

extension TransportSecurity {
    /// Refuses files that hold no certificate or key, before anybody is connected to.
    func check() throws {
        func has(_ kind: String, _ path: String) throws -> Bool {
            String(decoding: try Files.read(path), as: UTF8.self).utf8Contains(kind + "-----")
        }
        if !authority.isEmpty, try !has("-----BEGIN CERTIFICATE", authority) {
            throw CommandFailure("failed to retrieve context tls info: ca.pem seems invalid")
        }
        if !key.isEmpty, try !has("PRIVATE KEY", key) { throw CommandFailure("no valid private key found") }
        if !certificate.isEmpty, try !has("-----BEGIN CERTIFICATE", certificate) {
            throw CommandFailure("tls: failed to find any PEM data in certificate input")
        }
    }
}

/// Waits until there is something to read on standard input; false when the user interrupts it.
func awaitInput() throws -> Bool {
    let signals = try SignalReader([SIGINT, SIGTERM])
    var entries = [
        pollfd(fd: 0, events: Int16(POLLIN), revents: 0),
        pollfd(fd: signals.descriptor, events: Int16(POLLIN), revents: 0),
    ]
    try checked("poll") { poll(&entries, 2, -1) }
    guard entries[1].revents != 0 else { return true }
    while signals.next() != nil {}
    return false
}

/// A line of standard input without its end; nil at the end of the input.
func readLineFromInput() -> String? {
    var line: [UInt8] = []
    var byte: UInt8 = 0
    while read(0, &byte, 1) == 1 {
        if byte == 10 { return String(decoding: line.last == 13 ? line.dropLast() : line[...], as: UTF8.self) }
        line.append(byte)
    }
    return line.isEmpty ? nil : String(decoding: line, as: UTF8.self)
}

extension FlagSet {
    /// The usual flags of a listing command.
    func formatFlag(_ short: String? = nil, usage: String = formatUsage) -> Flag<String> {
        if let short { return string("format", short, usage: usage) }
        return string("format", usage: usage)
    }

    /// `--filter`, checked and kept as name and value.
    func filterFlag(_ short: String? = "f", usage: String = "Filter output based on conditions provided") -> Flag<
        [Filter]
    > {
        func parse(_ text: String, _ filters: [Filter]) throws(UsageError) -> [Filter] {
            try filters + Filter.parse(text)
        }
        if let short { return value("filter", short, usage: usage, type: "filter", default: [], parse: parse) }
        return value("filter", usage: usage, type: "filter", default: [], parse: parse)
    }
}

let formatUsage = """
    Format output using a custom template:
    'table':            Print output in table format with column headers (default)
    'table TEMPLATE':   Print output in table format using the given Go template
    'json':             Print in JSON format
    'TEMPLATE':         Print output using the given Go template.
    Refer to https://docs.docker.com/go/formatting/ for more information about formatting output with templates
    """

let inspectFormatUsage = """
    Format output using a custom template:
    'json':             Print in JSON format
    'TEMPLATE':         Print output using the given Go template.
    Refer to https://docs.docker.com/go/formatting/ for more information about formatting output with templates
    """

/// One condition of a listing.
struct Filter: Equatable {
    let name: String
    let value: String

    init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }

    static func parse(_ text: String) throws(UsageError) -> [Filter] {
        if text.isEmpty { return [] }
        let (name, value) = splitOnce(text, at: UInt8(ascii: "="))
        guard let value else { throw UsageError("bad format of filter (expected name=value)") }
        func trimmed(_ text: String) -> String {
            var text = Substring(text)
            while text.first == " " { text = text.dropFirst() }
            while text.last == " " { text = text.dropLast() }
            return String(text)
        }
        return [Filter(trimmed(name).lowercased(), trimmed(value))]
    }

    /// The filters as the API takes them, names and values sorted: `{"name":{"x":true}}`; nil when there are none.
    static func query(_ filters: [Filter]) -> String? {
        if filters.isEmpty { return nil }
        var grouped: [String: Set<String>] = [:]
        for filter in filters { grouped[filter.name, default: []].insert(filter.value) }
        return JSON.members(
            grouped.keys.sorted().map { name in
                (name, JSON.members((grouped[name] ?? []).sorted().map { ($0, .bool(true)) }))
            }
        ).text()
    }
}

/// The query item for filters, or nothing.
func filterQuery(_ filters: [Filter]) -> [(String, String)] { Filter.query(filters).map { [("filters", $0)] } ?? [] }

/// Turns whatever was thrown into what the program prints and returns.
func failure(from error: any Error) -> CommandFailure {
    switch error {
    case let failure as CommandFailure: failure
    case let failure as EngineFailure: CommandFailure(failure.message)
    case let failure as UsageError: CommandFailure(failure.message)
    default: CommandFailure("\(error)")
    }
}

/// An action that may throw anything this program throws.
func performing(_ body: @escaping ([String]) throws -> Int32) -> Command.Action {
    { (arguments) throws(CommandFailure) in
        do {
            return try body(arguments)
        } catch {
            throw failure(from: error)
        }
    }
}

/// Does something for each name, prints what failed, and gives 1 when anything did.
func forEach(_ names: [String], _ body: (String) throws -> Void) throws -> Int32 {
    var failures: [String] = []
    for name in names {
        do {
            try body(name)
        } catch {
            failures.append(failure(from: error).message)
        }
    }
    if failures.isEmpty { return 0 }
    throw CommandFailure(failures.joined(separator: "\n"))
}
