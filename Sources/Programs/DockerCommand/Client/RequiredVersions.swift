internal import EngineClient
internal import Flags

/// The API version from which on a daemon understands a flag, by the command's last words; older flags are not listed.
private let flagVersions: [String: [String: String]] = {
    let creation = [
        "annotation": "1.43", "cgroupns": "1.41", "cpu-rt-period": "1.25", "cpu-rt-runtime": "1.25", "cpus": "1.25",
        "gpus": "1.40", "health-start-interval": "1.44", "health-start-period": "1.29", "init": "1.25",
        "platform": "1.32", "stop-timeout": "1.25",
    ]
    let clusterVolume = [
        "availability", "group", "limit-bytes", "required-bytes", "scope", "secret", "sharing", "topology-preferred",
        "topology-required", "type",
    ]
    return [
        "run": creation, "create": creation,
        "build": ["network": "1.25", "platform": "1.38", "squash": "1.25"],
        "exec": ["env": "1.25", "env-file": "1.25", "workdir": "1.35"],
        "history": ["platform": "1.48"], "images": ["tree": "1.47"], "image ls": ["tree": "1.47"],
        "import": ["platform": "1.32"], "image inspect": ["platform": "1.49"], "load": ["platform": "1.48"],
        "logs": ["until": "1.35"], "pull": ["platform": "1.32"], "push": ["platform": "1.46"],
        "rmi": ["platform": "1.50"], "image rm": ["platform": "1.50"], "save": ["platform": "1.48"],
        "update": ["cpu-rt-period": "1.25", "cpu-rt-runtime": "1.25", "cpus": "1.29", "pids-limit": "1.40"],
        "network create": [
            "attachable": "1.25", "config-from": "1.30", "config-only": "1.30", "ingress": "1.29", "scope": "1.30",
        ],
        "system prune": ["filter": "1.28"],
        "volume create": Dictionary(uniqueKeysWithValues: clusterVolume.map { ($0, "1.42") }),
        "volume ls": ["cluster": "1.42"], "volume prune": ["all": "1.42"], "volume rm": ["force": "1.25"],
    ]
}()

/// The same for whole commands, and what stands below them.
private let commandVersions = [
    "builder": "1.31", "builder prune": "1.39", "checkpoint": "1.25", "plugin": "1.25", "plugin upgrade": "1.26",
    "system df": "1.25", "system prune": "1.25", "container prune": "1.25", "image prune": "1.25",
    "network prune": "1.25", "volume prune": "1.25", "volume update": "1.42",
]

extension Command {
    private var ownFlagVersions: [String: String] {
        let words = path.split(separator: " ").dropFirst().map { String($0) }
        if let found = flagVersions[words.joined(separator: " ")] { return found }
        guard words.count == 2, ["container", "image", "builder"].contains(words[0]), words[1] != "prune" else {
            return [:]
        }
        return flagVersions[words[1]] ?? [:]
    }

    private var ownVersion: String? {
        let words = path.split(separator: " ").dropFirst().map { String($0) }
        return commandVersions[words.joined(separator: " ")] ?? words.first.flatMap { commandVersions[$0] }
    }

    /// Refuses the command, or the flags it was given, where the daemon is too old for them.
    func requireSupport(_ session: Session) throws(CommandFailure) {
        let versions = ownFlagVersions
        let used = flags.all.filter { $0.isSet && versions[$0.name] != nil }
        let needed = ownVersion
        if used.isEmpty && needed == nil { return }
        let spoken = spokenVersion(session)
        func refusal(_ subject: String, _ version: String) -> String {
            subject + " requires API version " + version + ", but the Docker daemon API version is " + spoken
        }
        if let needed, isOlder(spoken, needed) { throw CommandFailure(refusal(path, needed)) }
        let refusals = used.sorted { $0.name < $1.name }.compactMap { flag in
            versions[flag.name].flatMap { isOlder(spoken, $0) ? refusal("\"--" + flag.name + "\"", $0) : nil }
        }
        if !refusals.isEmpty { throw CommandFailure(refusals.joined(separator: "\n")) }
    }

    /// Leaves flags and commands that the daemon is too old for out of the help.
    func hideUnsupported(_ session: Session) {
        let versions = ownFlagVersions
        let limited = children.filter { $0.ownVersion != nil }
        if versions.isEmpty && limited.isEmpty { return }
        let spoken = spokenVersion(session)
        for flag in flags.all { if let needed = versions[flag.name], isOlder(spoken, needed) { flag.hidden = true } }
        for child in limited { if let needed = child.ownVersion, isOlder(spoken, needed) { child.hidden = true } }
    }

    /// The version agreed on with the daemon; the newest where there is none to ask.
    private func spokenVersion(_ session: Session) -> String {
        // What keeps us from the daemon is told when the command itself asks for it.
        (try? session.client().version()) ?? EngineClient.newestVersion
    }
}
