internal import EngineAPI
internal import GoText
internal import JSON
internal import Linux

/// Dockerfile instructions that change a run configuration (`docker commit --change`, `docker import --change`).
struct ConfigChanges {
    private(set) var config: ContainerConfig
    private var setsCommand = false

    init(config: ContainerConfig) { self.config = config }

    /// Applies a small Dockerfile; none at all changes nothing.
    mutating func apply(_ changes: [String]) throws(EngineError) {
        guard !changes.isEmpty else { return }
        let lines = changes.flatMap { $0.split(separator: "\n") }.map { String($0).trimmed }
        let instructions = lines.filter { !$0.isEmpty && !$0.hasPrefix("#") }
        guard !instructions.isEmpty else { throw .invalid("file with no instructions") }
        for line in instructions { try apply(line) }
    }

    private mutating func apply(_ line: String) throws(EngineError) {
        let parts = line.split(maxSplits: 1, omittingEmptySubsequences: true) { $0 == " " || $0 == "\t" }
        guard let word = parts.first else { return }
        let rest = parts.count > 1 ? String(parts[1]).trimmed : ""
        let name = word.uppercased()
        guard let least = Self.known[name] else {
            throw .invalid("\(word.lowercased()) is not a valid change command")
        }
        if rest.isEmpty && least != .none { throw .invalid("\(name) requires \(least.rawValue)") }
        try apply(name, rest)
    }

    private enum Arguments: String { case none, one = "exactly one argument", more = "at least one argument" }

    private static let known: [String: Arguments] = [
        "CMD": .none, "ENTRYPOINT": .none, "ENV": .more, "EXPOSE": .more, "HEALTHCHECK": .more, "LABEL": .more,
        "ONBUILD": .more, "STOPSIGNAL": .one, "USER": .one, "VOLUME": .more, "WORKDIR": .one,
    ]

    private mutating func apply(_ name: String, _ rest: String) throws(EngineError) {
        let words = DockerfileWords(environment: config.env ?? [])
        switch name {
        case "CMD":
            config.cmd = try list(rest) ?? ["/bin/sh", "-c"] + (rest.isEmpty ? [] : [rest])
            setsCommand = true
        case "ENTRYPOINT":
            config.entrypoint = rest.isEmpty ? nil : try list(rest) ?? ["/bin/sh", "-c", rest]
            // The old command was for the old entry point.
            if !setsCommand { config.cmd = nil }
        case "ENV":
            for (name, value) in try words.pairs(rest, "ENV") { set(variable: name, value) }
        case "LABEL":
            let pairs = try words.pairs(rest, "LABEL")
            config.labels = (config.labels ?? [:]).merging(pairs.map { ($0.name, $0.value) }) { $1 }
        case "EXPOSE":
            for word in rest.split(whereSeparator: \.isWhitespace) {
                for port in words.split(words.expanded(String(word))) { try expose(port) }
            }
        case "VOLUME":
            for item in try list(rest) ?? rest.split(whereSeparator: \.isWhitespace).map({ String($0) }) {
                let path = words.expanded(item).trimmed
                guard !path.isEmpty else { throw .invalid("VOLUME specified can not be an empty string") }
                config.volumes = (config.volumes ?? []).union([path])
            }
        case "USER": config.user = words.expanded(rest)
        case "WORKDIR":
            let path = words.expanded(rest)
            config.workingDir = path.hasPrefix("/") ? path : Files.cleaned("/" + config.workingDir + "/" + path)
        case "STOPSIGNAL": config.stopSignal = words.expanded(rest)
        case "ONBUILD": try onBuild(rest)
        default: try health(rest)
        }
    }

    /// The items of a JSON list; nil for what is none, which is text.
    private func list(_ text: String) throws(EngineError) -> [String]? {
        guard text.hasPrefix("[") else { return nil }
        // What is no JSON list is text for a shell, as Docker takes it.
        guard let items = try? JSON(parsing: text).array else { return nil }
        let words = items.compactMap(\.string)
        guard words.count == items.count else {
            throw .invalid("when using JSON array syntax, arrays must be comprised of strings only")
        }
        return words
    }

    private mutating func set(variable name: String, _ value: String) {
        var all = config.env ?? []
        let entry = name + "=" + value
        if let index = all.firstIndex(where: { $0.hasPrefix(name + "=") }) {
            all[index] = entry
        } else {
            all.append(entry)
        }
        config.env = all
    }

    private mutating func onBuild(_ text: String) throws(EngineError) {
        let trigger = (text.split(whereSeparator: \.isWhitespace).first ?? "").uppercased()
        switch trigger {
        case "ONBUILD": throw .invalid("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed")
        case "MAINTAINER", "FROM": throw .invalid("\(trigger) isn't allowed as an ONBUILD trigger")
        default: config.onBuild = (config.onBuild ?? []) + [text]
        }
    }

    /// `[[IP:]HOSTPORT:]PORT[-PORT][/PROTOCOL]`, of which an image keeps the last two.
    private mutating func expose(_ text: String) throws(EngineError) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map { String($0) }
        let proto = parts.count > 1 && !parts[1].isEmpty ? parts[1].lowercased() : "tcp"
        let range = parts[0].split(separator: ":", omittingEmptySubsequences: false).last ?? ""
        let ends = range.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false).map { UInt16($0) }
        guard !range.isEmpty else { throw .invalid("No port specified: \(text)<empty>") }
        guard let first = ends[0], let last = ends[ends.count - 1], first <= last else {
            throw .invalid("Invalid containerPort: \(range)")
        }
        guard ["tcp", "udp", "sctp"].contains(proto) else { throw .invalid("Invalid proto: \(parts[1])") }
        for port in first...last { config.exposedPorts.insert("\(port)/\(proto)") }
    }

    private mutating func health(_ text: String) throws(EngineError) {
        var probe = HealthConfig()
        var rest = text
        while rest.hasPrefix("--") {
            let end = rest.firstIndex(where: \.isWhitespace) ?? rest.endIndex
            let parts = rest[..<end].dropFirst(2).split(separator: "=", maxSplits: 1).map { String($0) }
            rest = String(rest[end...]).trimmed
            try set(parts.first ?? "", parts.count > 1 ? parts[1] : "", of: &probe)
        }
        let kind = rest.prefix { !$0.isWhitespace }.uppercased()
        rest = String(rest.dropFirst(kind.count)).trimmed
        switch kind {
        case "NONE":
            guard rest.isEmpty else { throw .invalid("HEALTHCHECK NONE takes no arguments") }
            probe = HealthConfig()
            probe.test = ["NONE"]
        case "CMD":
            guard !rest.isEmpty else { throw .invalid("Missing command after HEALTHCHECK CMD") }
            probe.test = try list(rest).map { ["CMD"] + $0 } ?? ["CMD-SHELL", rest]
        default: throw .invalid("Unknown type \"\(kind)\" in HEALTHCHECK (try CMD)")
        }
        config.healthcheck = probe
    }

    private func set(_ flag: String, _ value: String, of probe: inout HealthConfig) throws(EngineError) {
        switch flag {
        case "interval": probe.interval = try interval(flag, value)
        case "timeout": probe.timeout = try interval(flag, value)
        case "start-period": probe.startPeriod = try interval(flag, value)
        case "start-interval": probe.startInterval = try interval(flag, value)
        case "retries":
            guard let count = Int(value) else {
                throw .invalid("strconv.ParseInt: parsing \"\(value)\": invalid syntax")
            }
            guard count >= 0 else { throw .invalid("--retries cannot be negative (\(count))") }
            probe.retries = count
        default: throw .invalid("Unknown flag: \(flag)")
        }
    }

    /// Nanoseconds.
    private func interval(_ flag: String, _ text: String) throws(EngineError) -> Int {
        if text.isEmpty { return 0 }
        guard let span = GoDuration.parse(text) else { throw .invalid("time: invalid duration \"\(text)\"") }
        guard span == 0 || span >= 1_000_000 else { throw .invalid("Interval \"\(flag)\" cannot be less than 1ms") }
        return Int(span)
    }
}

extension String {
    fileprivate var trimmed: String {
        String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
