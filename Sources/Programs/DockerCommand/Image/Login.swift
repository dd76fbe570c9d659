internal import CLinux
internal import EngineClient
internal import Flags
internal import JSON
internal import Linux
internal import Terminal

func loginCommand(_ session: Session) -> Command {
    let command = Command("login", "[OPTIONS] [SERVER]", "Authenticate to a registry", .atMost(1)) { flags in
        let password = flags.string("password", "p", usage: "Password or Personal Access Token (PAT)")
        let fromInput = flags.bool(
            "password-stdin", usage: "Take the Password or Personal Access Token (PAT) from stdin")
        let user = flags.string("username", "u", usage: "Username")
        return performing { arguments in
            if password.isSet && fromInput.isSet {
                throw CommandFailure("conflicting options: cannot specify both --password and --password-stdin")
            }
            let login = Login(server: serverKey(arguments.first ?? ""), session: session)
            return try login.perform(user.value, try givenPassword(password, fromInput, user))
        }
    }
    command.explanation = "Authenticate to a registry.\nDefaults to Docker Hub if no server is specified."
    return command
}

private func givenPassword(_ flag: Flag<String>, _ fromInput: Flag<Bool>, _ user: Flag<String>) throws -> String {
    if !flag.value.isEmpty {
        Console.error("WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n")
    }
    guard fromInput.value else { return flag.value }
    if user.value.isEmpty { throw CommandFailure("the --password-stdin option requires --username to be set") }
    let text = String(decoding: try InputFile("").readAll(), as: UTF8.self)
    return String(text.reversed().drop { $0 == "\n" || $0 == "\r" || $0 == "\r\n" }.reversed())
}

private let hub = "https://index.docker.io/v1/"

/// A registry's name as its credentials are kept under.
private func serverKey(_ text: String) -> String {
    if text.isEmpty || text == "docker.io" || text == "index.docker.io" { return hub }
    for prefix in ["https://", "http://"] where text.hasPrefix(prefix) && text != hub {
        return splitOnce(String(text.dropFirst(prefix.count)), at: UInt8(ascii: "/")).0
    }
    return text
}

/// One `docker login`.
private struct Login {
    let server: String
    let session: Session

    func perform(_ user: String, _ password: String) throws -> Int32 {
        // Credentials that cannot be read are asked for.
        let stored = (try? CredentialStore(session.config).get(server)) ?? nil
        if user.isEmpty, password.isEmpty, let stored, !stored.user.isEmpty, !stored.password.isEmpty {
            Console.error("Authenticating with existing credentials... [Username: " + stored.user + "]\n")
            Console.error(
                note(["To login with a different account, run 'docker logout' followed by 'docker login'"], on: 2)
                    + "\n\n")
            do {
                return try authenticate(stored)
            } catch let error as EngineFailure {
                Console.error(
                    error.status == 401
                        ? "Stored credentials invalid or expired\n"
                        : "Login did not succeed, error: " + error.message + "\n")
            }
        }
        return try authenticate(try asked(user, password))
    }

    /// What was not given is asked for on the terminal.
    private func asked(_ user: String, _ password: String) throws -> Credentials {
        var found = Credentials(server: server, user: user, password: password)
        if !user.isEmpty && !password.isEmpty { return found }
        guard Terminal.isTerminal(0) else {
            throw CommandFailure("Error: Cannot perform an interactive login from a non TTY device")
        }
        if user.isEmpty {
            Console.out("Username: ")
            found.user = try readLineOrGiveUp() ?? ""
            if found.user.isEmpty { throw CommandFailure("Error: Non-null Username Required") }
        }
        if server == hub {
            let advice = [
                "A Personal Access Token (PAT) can be used instead.",
                "To create a PAT, visit " + underlined("https://app.docker.com/settings"), "", "",
            ]
            Console.out(note(advice, on: 1))
        }
        Console.out("Password: ")
        let mode = try TerminalMode.silent(0)
        found.password = try readLineOrGiveUp { mode.restore() } ?? ""
        mode.restore()
        Console.out("\n")
        if found.password.isEmpty { throw CommandFailure("Error: Password Required") }
        return found
    }

    /// A line from the terminal. The user who interrupts it has given up, which is no failure.
    private func readLineOrGiveUp(_ cleanUp: () -> Void = {}) throws -> String? {
        if try awaitInput() { return readLineFromInput() }
        cleanUp()
        Console.out("\n")
        exit(0)
    }

    private func authenticate(_ credentials: Credentials) throws -> Int32 {
        let body = JSON.members([
            ("username", .string(credentials.user)), ("password", .string(credentials.password)),
            ("serveraddress", .string(server)),
        ])
        let answer = try session.client().request("POST", "/auth", json: body).json()
        var proven = credentials
        if let token = answer["IdentityToken"]?.string, !token.isEmpty {
            proven.token = token
            proven.password = ""
        }
        try save(proven)
        if let status = answer["Status"]?.string, !status.isEmpty { Console.out(status + "\n") }
        return 0
    }

    private func save(_ credentials: Credentials) throws {
        var store = CredentialStore(session.config)
        do throws(CommandFailure) {
            try store.store(credentials)
        } catch {
            throw CommandFailure("Error saving credentials: " + error.message)
        }
        guard store.hasChanged else { return }
        try session.save(store.config)
        if store.helper(server) == nil {
            Console.error(
                "\nWARNING! Your credentials are stored unencrypted in '" + store.config.path
                    + "'.\nConfigure a credential helper to remove this"
                    + " warning. See\nhttps://docs.docker.com/go/credential-store/\n\n")
        }
    }
}

/// Whether texts on a standard stream may have colors.
private func isColored(_ descriptor: Int32) -> Bool {
    Terminal.isTerminal(descriptor) && (Process.environment("NO_COLOR") ?? "").isEmpty
}

private func underlined(_ text: String) -> String { isColored(1) ? "\u{1B}[4m" + text + "\u{1B}[0m" : text }

/// Advice to the user, set apart from what else is said.
private func note(_ lines: [String], on descriptor: Int32) -> String {
    guard isColored(descriptor) else {
        return "\n Info -> " + lines.joined(separator: "\n         ") + "\n"
    }
    let mark = "\u{1B}[1m\u{1B}[106m\u{1B}[30mi\u{1B}[0m\u{1B}[0m \u{1B}[96mInfo → \u{1B}[0m\u{1B}[0m"
    return "\n" + mark + lines.map { "\u{1B}[3m" + $0 + "\u{1B}[0m" }.joined(separator: "\n         ") + "\n"
}

func logoutCommand(_ session: Session) -> Command {
    let command = Command("logout", "[SERVER]", "Log out from a registry", .atMost(1)) { _ in
        performing { try logout(serverKey($0.first ?? ""), session) }
    }
    command.explanation = "Log out from a registry.\nIf no server is specified, the default is defined by the daemon."
    return command
}

private func logout(_ server: String, _ session: Session) throws -> Int32 {
    Console.out("Removing login credentials for " + server + "\n")
    var store = CredentialStore(session.config)
    // Older releases kept a registry under its whole address.
    let names = server == hub ? [server] : [server, server, "http://" + server, "https://" + server]
    var problems: [String: String] = [:]
    for name in names {
        do throws(CommandFailure) {
            try store.erase(name)
        } catch {
            problems[name] = error.message
        }
    }
    if store.hasChanged { try session.save(store.config) }
    if problems.count == names.count {
        Console.error("WARNING: could not erase credentials:\n")
        for (name, problem) in problems { Console.error(name + ": " + problem + "\n") }
    }
    return 0
}
