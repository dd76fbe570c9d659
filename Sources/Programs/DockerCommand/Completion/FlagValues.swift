internal import Flags
internal import JSON
internal import Linux

extension Completion {
    /// What may stand as a flag's value. `place.partial` is what has been typed of it.
    func flagValues(_ flag: AnyFlag, _ place: CompletionPlace) -> Completions {
        let keys = Self.keys(place.command)
        let verb = keys.last ?? ""
        let creates =
            verb == "run" || verb == "create" && keys.count > 0 && !keys[0].contains(" ")
            || keys.first == "container create"
        switch flag.name {
        case "platform": return Completions(CompletionWords.platforms)
        case "context" where place.command === root: return contexts(marksCurrent: false)
        case "log-level" where place.command === root:
            return Completions(["debug", "info", "warn", "error", "fatal", "panic"])
        case "type" where verb == "inspect": return Completions(CompletionWords.kinds)
        case "format" where keys.first == "inspect": return .none
        case "signal": return Completions(CompletionWords.signals)
        case "restart": return Completions(["no", "always", "on-failure", "unless-stopped"])
        case "env" where creates || verb == "exec": return environmentNames()
        case "filter" where verb == "events" || keys.first == "system events": return eventFilters(place.partial)
        default: return creates ? creationValues(flag, place, verb) : .files
        }
    }

    private func environmentNames() -> Completions {
        Completions(Process.environment.map { splitOnce($0, at: UInt8(ascii: "=")).0 })
    }

    /// The flags of `run` and `create`.
    private func creationValues(_ flag: AnyFlag, _ place: CompletionPlace, _ verb: String) -> Completions {
        switch flag.name {
        case "attach": return Completions(["stderr", "stdin", "stdout"])
        case "cap-add", "cap-drop": return Completions(CompletionWords.capabilities)
        case "cgroupns": return Completions(["host", "private"])
        case "detach-keys": return Completions(["ctrl-"], .noSpace)
        case "env-file": return .files
        case "ipc": return namespaces(place.partial, ["container:", "host", "none", "private", "shareable"])
        case "pid": return namespaces(place.partial, ["container:", "host"])
        case "link":
            let names = allContainers()
            return names.directive == .error ? names : Completions(names.words.map { $0 + ":" }, .noSpace)
        case "log-driver": return daemonPlugins("Log")
        case "log-opt": return logOptions(place.command)
        case "network": return networks()
        case "pull": return Completions(["always", "missing", "never"])
        case "security-opt": return securityOptions(place.partial)
        case "stop-signal": return Completions(CompletionWords.signals)
        case "storage-opt": return Completions(["size="], .noSpace)
        case "ulimit": return Completions(CompletionWords.limits.map { $0 + "=" }, .noSpace)
        case "userns", "uts": return Completions(["host"])
        case "volume-driver": return daemonPlugins("Volume")
        case "volumes-from": return allContainers()
        default: return .none
        }
    }

    /// A namespace of the host's, or of another container.
    private func namespaces(_ partial: String, _ all: [String]) -> Completions {
        if partial.hasPrefix("container:") {
            let names = allContainers()
            return Completions(names.words.map { "container:" + $0 }, names.directive)
        }
        if !partial.isEmpty && "container:".hasPrefix(partial) { return Completions(["container:"], .noSpace) }
        return Completions(all)
    }

    private func securityOptions(_ partial: String) -> Completions {
        if partial.hasPrefix("label=") {
            let labels = ["disable", "level:", "role:", "type:", "user:"]
            return Completions(labels.map { "label=" + $0 }, [.noSpace, .noFiles])
        }
        if partial.hasPrefix("seccomp=") { return Completions(["seccomp=unconfined"]) }
        for option in ["apparmor=", "label=", "seccomp="] where !partial.isEmpty && option.hasPrefix(partial) {
            return Completions([option], .noSpace)
        }
        return Completions(["apparmor=", "label=", "no-new-privileges", "seccomp=", "systempaths=unconfined"])
    }

    private func daemonPlugins(_ kind: String) -> Completions {
        asking { (try session.client().get("/info")["Plugins"]?[kind]?.array ?? []).compactMap { $0.string } }
    }

    private func logOptions(_ command: Command) -> Completions {
        let driver = (command.flags.named("log-driver") as? Flag<String>)?.value ?? ""
        if driver == "none" { return Completions([], [.noSpace, .noFiles]) }
        let delivery = ["max-buffer-size", "mode"]
        let selection = ["env", "env-regex", "labels"]
        let known = CompletionWords.logOptions
        func named(_ options: [String]) -> [String] { options.map { $0 + "=" } }
        if let own = known.first(where: { $0.driver == driver }) {
            return Completions(named(delivery + (own.selects ? selection : []) + own.options), [.noSpace, .noFiles])
        }
        if driver == "journald" { return Completions(named(delivery + selection + ["tag"]), [.noSpace, .noFiles]) }
        var all = delivery + selection
        for option in known.flatMap({ $0.options }) where !all.contains(option) { all.append(option) }
        return Completions(named(all), .noSpace)
    }

    // MARK: Filters of events

    private func eventFilters(_ partial: String) -> Completions {
        let (name, value) = splitOnce(partial, at: UInt8(ascii: "="))
        func prefixed(_ found: Completions) -> Completions {
            Completions(found.words.map { name + "=" + $0 }, found.directive)
        }
        let names = ["container", "daemon", "event", "image", "label", "network", "node", "scope", "type", "volume"]
        guard value != nil else { return Completions(names.map { $0 + "=" }, .noSpace) }
        switch name {
        case "container": return prefixed(allContainers())
        case "daemon":
            return prefixed(
                asking {
                    let info = try session.client().get("/info")
                    return [info["Name"]?.string ?? "", info["ID"]?.string ?? ""]
                })
        case "event": return prefixed(Completions(CompletionWords.actions))
        case "image": return prefixed(images())
        case "network": return prefixed(networks())
        case "volume": return prefixed(volumes())
        case "label", "node": return .none
        case "scope": return prefixed(Completions(["local", "swarm"]))
        case "type": return prefixed(Completions(CompletionWords.eventKinds))
        default: return Completions(names.map { $0 + "=" }, [.noSpace, .noFiles])
        }
    }
}
