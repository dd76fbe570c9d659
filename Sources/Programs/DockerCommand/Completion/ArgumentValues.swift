internal import Flags
internal import JSON
internal import Linux

/// Where the words that a command takes come from.
private enum ArgumentSource {
    /// Containers in a state, by name; at most so many arguments.
    case containers(running: ContainerChoice, upTo: Int)
    case images(upTo: Int)
    case networks(upTo: Int)
    case volumes
    case contexts(upTo: Int, after: Completions)
    case networkMembers(connects: Bool)
    case folders
    case files
}

/// Which containers a command is for.
private enum ContainerChoice { case all, running, notPaused, paused, startable, removable }

/// By the words that reach a command, without the `container` or `image` before them. Others take no words that could
/// be guessed.
private let sources: [String: ArgumentSource] = {
    var found: [String: ArgumentSource] = [
        "run": .images(upTo: 1), "push": .images(upTo: 1), "history": .images(upTo: 1),
        "rm": .containers(
            running: .removable, upTo: .max), "start": .containers(running: .startable, upTo: .max),
        "pause": .containers(running: .notPaused, upTo: .max), "unpause": .containers(running: .paused, upTo: .max),
        "network inspect": .networks(upTo: .max), "network rm": .networks(upTo: .max),
        "network connect": .networkMembers(connects: true),
        "network disconnect": .networkMembers(connects: false),
        "context use": .contexts(upTo: 1, after: .none), "context update": .contexts(upTo: 1, after: .none),
        "context export": .contexts(upTo: 1, after: .files), "context inspect": .contexts(upTo: .max, after: .none),
        "context rm": .contexts(upTo: .max, after: .none), "build": .folders,
    ]
    for name in ["exec", "attach"] { found[name] = .containers(running: .notPaused, upTo: .max) }
    for name in ["commit", "diff", "kill", "port", "stats", "stop", "top", "wait", "checkpoint ls"] {
        found[name] = .containers(running: .running, upTo: .max)
    }
    for name in ["export", "container inspect", "logs", "rename", "restart", "update"] {
        found[name] = .containers(running: .all, upTo: .max)
    }
    for name in ["create", "image inspect", "rmi", "image rm", "save", "tag"] { found[name] = .images(upTo: .max) }
    for name in ["inspect", "rm", "update"] { found["volume " + name] = .volumes }
    let free = [
        "images", "image ls", "logout", "search", "checkpoint rm", "cp", "context import", "import", "network prune",
        "plugin disable", "plugin enable", "plugin inspect", "plugin install", "plugin push", "plugin rm", "plugin set",
        "plugin upgrade",
    ]
    for name in free { found[name] = .files }
    return found
}()

extension Completion {
    /// The words by which the tables know a command.
    static func keys(_ command: Command) -> [String] {
        let words = command.path.split(separator: " ").dropFirst().map { String($0) }
        let isShort = words.count == 2 && ["container", "image", "builder"].contains(words[0])
        return [words.joined(separator: " ")] + (isShort && words[1] != "prune" ? [words[1]] : [])
    }

    /// What may stand as an argument.
    func argumentValues(_ place: CompletionPlace) -> Completions {
        let keys = Self.keys(place.command)
        // `inspect` by itself looks through everything, and `prune` takes nothing.
        guard let source = keys.lazy.compactMap({ sources[$0] }).first else { return .none }
        let given = place.arguments.count
        switch source {
        case .files: return .files
        case .folders: return Completions([], .onlyFolders)
        case .containers(let choice, let limit): return given < limit ? containers(choice, place) : .none
        case .images(let limit): return given < limit ? images() : .none
        case .networks(let limit): return given < limit ? networks() : .none
        case .volumes: return volumes()
        case .contexts(let limit, let after): return given < limit ? contexts(besides: place.arguments) : after
        case .networkMembers(let connects): return networkMembers(place, connects: connects)
        }
    }

    /// What the daemon answers, as words; a daemon that is away has none, and the shell is told so.
    func asking(_ body: () throws -> [String]) -> Completions {
        do {
            return Completions(try body())
        } catch {
            return Completions([], .error)
        }
    }

    func images() -> Completions {
        asking {
            (try session.client().get("/images/json").array ?? []).flatMap { image in
                (image["RepoTags"]?.array ?? []).compactMap { $0.string }
            }
        }
    }

    func networks() -> Completions {
        asking { (try session.client().get("/networks").array ?? []).compactMap { $0["Name"]?.string } }
    }

    func volumes() -> Completions {
        asking { (try session.client().get("/volumes")["Volumes"]?.array ?? []).compactMap { $0["Name"]?.string } }
    }

    func allContainers() -> Completions { containerNames(all: true) }

    private func containers(_ choice: ContainerChoice, _ place: CompletionPlace) -> Completions {
        let forces = place.command.flags.named("force").flatMap { $0 as? Flag<Bool> }?.value == true
        return containerNames(all: choice != .running && choice != .notPaused && choice != .paused) { container in
            let state = container["State"]?.string ?? ""
            return switch choice {
            case .all, .running: true
            case .notPaused: state != "paused"
            case .paused: state == "paused"
            case .startable: state == "exited" || state == "created"
            case .removable: forces || ["exited", "created", "dead"].contains(state)
            }
        }
    }

    private func containerNames(
        all: Bool, where isWanted: (_ container: JSON) -> Bool = { _ in true }
    ) -> Completions {
        let showsIDs = Process.environment("DOCKER_COMPLETION_SHOW_CONTAINER_IDS") == "yes"
        return asking {
            let query = all ? [("all", "1")] : []
            var words: [String] = []
            for container in try session.client().get("/containers/json", query).array ?? [] {
                guard isWanted(container) else { continue }
                if showsIDs, let id = container["Id"]?.string { words.append(id) }
                for name in container["Names"]?.array ?? [] {
                    guard let text = name.string?.dropFirst(), !text.contains("/") else { continue }
                    words.append(String(text))
                }
            }
            return words
        }
    }

    private func networkMembers(_ place: CompletionPlace, connects: Bool) -> Completions {
        guard let network = place.arguments.first else { return networks() }
        // Those to connect are the ones that are not.
        return containerNames(all: true) { container in
            let own = container["NetworkSettings"]?["Networks"]?.object?.members ?? []
            return connects != own.contains { $0.name == network || $0.value["NetworkID"]?.string == network }
        }
    }

    /// The stored contexts and the default one, with what is said of them.
    func contexts(besides given: [String] = [], marksCurrent: Bool = true) -> Completions {
        let current = session.contextName
        // A store that cannot be read completes nothing of it.
        let names = (((try? session.contexts.names()) ?? []) + ["default"]).sorted { $0.naturallyPrecedes($1) }
        return Completions(
            names.filter { !given.contains($0) }.map { name in
                // A context that cannot be read has no description.
                let about = (try? session.contexts.metadata(name))?["Metadata"]?["Description"]?.string ?? ""
                let mark = name == current && marksCurrent ? "current" : ""
                let summary = [about, mark].filter { !$0.isEmpty }.joined(separator: ", ")
                return summary.isEmpty ? name : name + "\t" + summary
            })
    }
}
