internal import Flags
internal import GoText
internal import JSON
internal import Linux

/// Hands the build commands to a plugin: buildx where it is installed, or the one that config.json's alias names.
struct BuilderForwarding {
    let session: Session
    let root: Command

    private static let missing = """
        DEPRECATED: The legacy builder is deprecated and will be removed in a future release.
                    Install the buildx component to build images with BuildKit:
                    https://docs.docker.com/go/buildx/
        """
    private static let disabled = """
        DEPRECATED: The legacy builder is deprecated and will be removed in a future release.
                    BuildKit is currently disabled; enable it by removing the DOCKER_BUILDKIT=0
                    environment-variable.
        """
    private static let enforcedButMissing = """
        ERROR: BuildKit is enabled but the buildx component is missing or broken.
               Install the buildx component to build images with BuildKit:
               https://docs.docker.com/go/buildx/
        """
    private static let bakeMissing = """
        ERROR: docker bake requires the buildx component but it is missing or broken.
               Install the buildx component to use bake:
               https://docs.docker.com/go/buildx/
        """

    /// What runs instead of the command: the plugin, the words for it, and the command it stands for.
    struct Forwarded {
        let plugin: ClientPlugin
        let arguments: [String]
        let commandPath: String
        let environment: [String]
    }

    /// `words` are the command line without the program's own flags, `arguments` with them. Nil: the command runs as
    /// this program has it.
    func forward(_ words: [String], _ arguments: [String]) throws(CommandFailure) -> Forwarded? {
        let alias = try builderAlias()
        let name = alias ?? "buildx"
        let rules: [(from: [String], to: [String], path: String)] = [
            (["builder"], [name], "docker builder"), (["build"], [name, "build"], "docker"),
            (["bake"], [name, "bake"], "docker"), (["image", "build"], [name, "build"], "docker image"),
        ]
        let bakes = words.first == "bake"
        var wanted = false
        var refused = false
        if let text = Process.environment("DOCKER_BUILDKIT"), !text.isEmpty {
            guard let enabled = parseBool(text) else {
                throw CommandFailure(
                    "DOCKER_BUILDKIT environment variable expects boolean value: strconv.ParseBool: parsing "
                        + goQuoted(text) + ": invalid syntax")
            }
            wanted = enabled
            refused = !enabled && !bakes
        }
        guard let rule = rules.first(where: { words.starts(with: $0.from) }) else { return nil }
        if refused {
            Console.error(Self.disabled + "\n\n")
            return nil
        }
        let plugin = ClientPlugin.named(name, builtin: root.children, session)
        guard let plugin, plugin.problem.isEmpty else {
            if bakes { throw CommandFailure(Self.bakeMissing) }
            if wanted || alias != nil { throw CommandFailure(Self.enforcedButMissing) }
            Console.error(Self.missing + "\n\n")
            return nil
        }
        // A builder chosen by `buildx use` must not take what goes into this daemon's images.
        let choosesDefault = alias == nil && !namesBuilder(words)
        return Forwarded(
            plugin: plugin, arguments: replacing(rule.from, with: rule.to, in: arguments), commandPath: rule.path,
            environment: choosesDefault ? ["BUILDX_BUILDER=" + session.contextName] : [])
    }

    private func namesBuilder(_ words: [String]) -> Bool {
        if let name = Process.environment("BUILDX_BUILDER"), !name.isEmpty { return true }
        return words.contains { $0 == "--builder" || $0.hasPrefix("--builder=") }
    }

    /// The first place where `from` stands.
    private func replacing(_ from: [String], with to: [String], in arguments: [String]) -> [String] {
        for start in arguments.indices where arguments[start...].starts(with: from) {
            return Array(arguments[..<start]) + to + Array(arguments[(start + from.count)...])
        }
        return arguments
    }

    /// What config.json's `aliases` put in the builder's place; nothing else may have an alias.
    private func builderAlias() throws(CommandFailure) -> String? {
        var found: String?
        for member in session.config.aliases {
            guard member.name == "builder" else {
                throw CommandFailure(
                    "not allowed to alias " + goQuoted(member.name)
                        + " (allowed: map[string]struct {}{\"builder\":struct {}{}})")
            }
            let target = member.value.string ?? ""
            if root.child(named: splitOnce(target, at: UInt8(ascii: " ")).0) != nil {
                throw CommandFailure("not allowed to alias with builtin " + goQuoted(target) + " as target")
            }
            found = target
        }
        return found
    }
}
