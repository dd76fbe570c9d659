internal import CLinux
internal import Flags
internal import GoText
internal import JSON
internal import Linux

/// What is known of the user at one registry.
struct Credentials: Equatable {
    var server = ""
    var user = ""
    var password = ""
    /// Stands in the password's place where the registry gives one.
    var token = ""

    /// As the API takes them.
    var json: JSON {
        var members: [(String, JSON)] = []
        if !user.isEmpty { members.append(("username", .string(user))) }
        if !password.isEmpty { members.append(("password", .string(password))) }
        if !token.isEmpty { members.append(("identitytoken", .string(token))) }
        return .members(members.isEmpty ? [] : members + [("serveraddress", .string(server))])
    }
}

/// A program `docker-credential-NAME` that keeps secrets: asked by a verb, with the question on its standard input.
struct CredentialHelper {
    let name: String

    private static let tokenUser = "<token>"

    /// What the helper answers, and how it ended where that was badly.
    private func ask(_ verb: String, _ question: [UInt8]) throws(CommandFailure) -> (text: String, problem: String?) {
        let program = OutsideProgram(path: "docker-credential-" + name, arguments: [verb], errors: 2)
        do throws(SystemCallError) {
            let (answer, ending) = try program.ask(question)
            var text = answer[...]
            while let byte = text.last, [9, 10, 13, 32].contains(byte) { text.removeLast() }
            return (String(decoding: text, as: UTF8.self), ending == .exited(0) ? nil : ending.words)
        } catch {
            let name = goQuoted(program.path)
            let why = error.number == ENOENT ? "executable file not found in $PATH" : error.reason
            return ("", "exec: " + name + ": " + why)
        }
    }

    /// Nil when the helper knows nothing of the server.
    func get(_ server: String) throws(CommandFailure) -> Credentials? {
        let (text, problem) = try ask("get", Array(server.utf8))
        if let problem {
            if text == "credentials not found in native keychain" { return nil }
            throw CommandFailure("error getting credentials - err: \(problem), out: `\(text)`")
        }
        do throws(JSON.Failure) {
            let answer = try JSON(parsing: text)
            return credentials(server, answer["Username"]?.string ?? "", answer["Secret"]?.string ?? "")
        } catch {
            throw CommandFailure(error.message)
        }
    }

    private func credentials(_ server: String, _ user: String, _ secret: String) -> Credentials {
        user == Self.tokenUser
            ? Credentials(server: server, token: secret) : Credentials(server: server, user: user, password: secret)
    }

    func store(_ credentials: Credentials) throws(CommandFailure) {
        let question = JSON.members([
            ("ServerURL", .string(credentials.server)),
            ("Username", .string(credentials.token.isEmpty ? credentials.user : Self.tokenUser)),
            ("Secret", .string(credentials.token.isEmpty ? credentials.password : credentials.token)),
        ])
        let (text, problem) = try ask("store", question.encoded() + [10])
        if let problem { throw CommandFailure("error storing credentials - err: \(problem), out: `\(text)`") }
    }

    func erase(_ server: String) throws(CommandFailure) {
        let (text, problem) = try ask("erase", Array(server.utf8))
        if let problem { throw CommandFailure("error erasing credentials - err: \(problem), out: `\(text)`") }
    }

    /// The servers it knows.
    func servers() throws(CommandFailure) -> [String] {
        let (text, problem) = try ask("list", [])
        if let problem { throw CommandFailure("error listing credentials - err: \(problem), out: `\(text)`") }
        do throws(JSON.Failure) {
            return try JSON(parsing: text).object?.names ?? []
        } catch {
            throw CommandFailure(error.message)
        }
    }
}

/// A user's credentials at registries: in config.json, or with the helpers that it names.
struct CredentialStore {
    private(set) var config: ConfigFile
    /// Whether the file must be written.
    private(set) var hasChanged = false

    init(_ config: ConfigFile) { self.config = config }

    /// The helper for a server; nil: the file keeps its credentials.
    func helper(_ server: String) -> CredentialHelper? {
        let own = config.text("credHelpers", server)
        let name = own.isEmpty ? config.text("credsStore") : own
        return name.isEmpty ? nil : CredentialHelper(name: name)
    }

    /// Nil where nothing is known.
    func get(_ server: String) throws(CommandFailure) -> Credentials? {
        if let given = Self.ofEnvironment()?.credentials(server) { return given }
        guard let helper = helper(server) else { return config.credentials(server) }
        return try helper.get(server)
    }

    mutating func store(_ credentials: Credentials) throws(CommandFailure) {
        let helper = helper(credentials.server)
        try helper?.store(credentials)
        // The file still says that there are some.
        let shown = helper == nil ? credentials : Credentials(server: credentials.server)
        if config.credentials(credentials.server) == shown { return }
        config.storeCredentials(shown)
        hasChanged = true
    }

    mutating func erase(_ server: String) throws(CommandFailure) {
        try helper(server)?.erase(server)
        if config.removeCredentials(server) { hasChanged = true }
    }

    /// Everything that is known, by server.
    func all() throws(CommandFailure) -> [(server: String, credentials: Credentials)] {
        var found: [(server: String, credentials: Credentials)] = []
        func add(_ server: String, _ credentials: Credentials?) {
            guard let credentials else { return }
            found.removeAll { $0.server == server }
            found.append((server, credentials))
        }
        if let helper = helper("") {
            for server in try helper.servers() { add(server, try helper.get(server)) }
        } else {
            for server in config.serversWithCredentials { add(server, config.credentials(server)) }
        }
        for server in config.serversWithHelpers {
            // One helper that fails must not take the others' credentials away.
            add(server, try? get(server))
        }
        if let given = Self.ofEnvironment() {
            for server in given.serversWithCredentials { add(server, given.credentials(server)) }
        }
        return found
    }

    /// Credentials of DOCKER_AUTH_CONFIG, which has config.json's shape; nil when there is none to use.
    private static func ofEnvironment() -> ConfigFile? {
        guard let text = Process.environment("DOCKER_AUTH_CONFIG"), !text.isEmpty else { return nil }
        do throws(JSON.Failure) {
            return ConfigFile(path: "", root: try JSON(parsing: text).object ?? JSON.Object())
        } catch {
            Console.error("Failed to create credential store from DOCKER_AUTH_CONFIG:  " + error.message + "\n")
            return nil
        }
    }
}
