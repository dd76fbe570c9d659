internal import Digests
internal import Flags
internal import HTTPClient
internal import JSON
internal import Linux

/// Contexts on disk: `meta/<sha256 of the name>/meta.json`, and TLS files under `tls/<the same>/docker`.
struct ContextStore {
    let directory: String

    static func id(_ name: String) -> String { Digest(of: Array(name.utf8)).hex }

    func metadataDirectory(_ name: String) -> String { directory + "/meta/" + Self.id(name) }
    func secretsDirectory(_ name: String) -> String { directory + "/tls/" + Self.id(name) }

    /// A context's meta.json.
    func metadata(_ name: String) throws(CommandFailure) -> JSON.Object {
        let path = metadataDirectory(name) + "/meta.json"
        do {
            guard let object = try JSON(parsing: try Files.read(path)).object else {
                throw CommandFailure("context \"" + name + "\": corrupted metadata")
            }
            return object
        } catch let error as SystemCallError {
            let reason = "open " + path + ": " + error.reason
            throw CommandFailure("context \"" + name + "\": context not found: " + reason)
        } catch {
            throw failure(from: error)
        }
    }

    /// What is said of a context; empty: nothing.
    func description(of name: String) throws(CommandFailure) -> String {
        if name == "default" { return Self.defaultDescription }
        return try metadata(name)["Metadata"]?["Description"]?.string ?? ""
    }

    static let defaultDescription = "Current DOCKER_HOST based configuration"

    /// The files beside a context, by name.
    func secrets(of name: String) throws(CommandFailure) -> [(name: String, bytes: [UInt8])] {
        let folder = secretsDirectory(name) + "/docker"
        var found: [(name: String, bytes: [UInt8])] = []
        // A context without secrets has no such folder.
        for file in ((try? Files.names(in: folder)) ?? []).sorted() {
            do throws(SystemCallError) {
                found.append((file, try Files.read(folder + "/" + file)))
            } catch {
                throw CommandFailure("open " + folder + "/" + file + ": " + error.reason)
            }
        }
        return found
    }

    func exists(_ name: String) -> Bool { Files.exists(metadataDirectory(name) + "/meta.json") }

    /// The names of all stored contexts, sorted.
    func names() throws(CommandFailure) -> [String] {
        // A directory that is not there holds no contexts.
        let ids = (try? Files.names(in: directory + "/meta")) ?? []
        var names: [String] = []
        for id in ids {
            let path = directory + "/meta/" + id + "/meta.json"
            // A folder without metadata is no context.
            guard let bytes = try? Files.read(path) else { continue }
            do throws(JSON.Failure) {
                names.append(try JSON(parsing: bytes)["Name"]?.string ?? "")
            } catch {
                throw CommandFailure("failed to read metadata: parsing " + path + ": " + error.message)
            }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// Writes a context in the place of what was there.
    func save(_ name: String, _ metadata: JSON, secrets: [(name: String, bytes: [UInt8])]) throws {
        let folder = metadataDirectory(name)
        try Files.makeDirectories(folder)
        try Files.replace(folder + "/meta.json", with: metadata.encoded())
        let place = secretsDirectory(name)
        if Files.exists(place) { try Files.removeTree(place) }
        if secrets.isEmpty { return }
        try Files.makeDirectories(place + "/docker", mode: 0o700)
        for (file, bytes) in secrets { try Files.replace(place + "/docker/" + file, with: bytes, mode: 0o600) }
    }

    func remove(_ name: String) throws {
        try Files.removeTree(metadataDirectory(name))
        try Files.removeTree(secretsDirectory(name))
    }

    /// Where a context's daemon listens.
    func endpoint(of name: String) throws(CommandFailure) -> Endpoint {
        guard let docker = try metadata(name)["Endpoints"]?["docker"] else {
            throw CommandFailure("no docker endpoint")
        }
        let folder = secretsDirectory(name) + "/docker"
        var security = TransportSecurity()
        security.verifies = !(docker["SkipTLSVerify"]?.bool ?? false)
        if Files.exists(folder + "/ca.pem") { security.authority = folder + "/ca.pem" }
        if Files.exists(folder + "/cert.pem") && Files.exists(folder + "/key.pem") {
            security.certificate = folder + "/cert.pem"
            security.key = folder + "/key.pem"
        }
        let hasFiles = !security.authority.isEmpty || !security.certificate.isEmpty
        let secured = hasFiles || !security.verifies
        var endpoint = try Endpoint(docker["Host"]?.string ?? "", underTLS: secured)
        if case .tcp = endpoint.address, secured { endpoint.security = security }
        return endpoint
    }

    /// Whether a name may be a context's.
    static func checkName(_ name: String) throws(CommandFailure) {
        if name.isEmpty { throw CommandFailure("context name cannot be empty") }
        if name == "default" { throw CommandFailure("\"default\" is a reserved context name") }
        let bytes = Array(name.utf8)
        func isLetter(_ byte: UInt8) -> Bool {
            (byte >= 48 && byte <= 57) || (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122)
        }
        let valid =
            bytes.count > 1 && isLetter(bytes[0])
            && bytes.allSatisfy { isLetter($0) || [95, 46, 43, 45].contains($0) }
        if !valid {
            throw CommandFailure(
                "context name \"" + name
                    + "\" is invalid, names are validated against regexp \"^[a-zA-Z0-9][a-zA-Z0-9_.+-]+$\"")
        }
    }
}
