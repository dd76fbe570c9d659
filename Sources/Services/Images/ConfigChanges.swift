internal import EngineAPI
internal import JSON

/// Dockerfile instructions that change a run configuration (`docker commit --change`, `docker import --change`).
struct ConfigChanges {
    var config: ContainerConfig

    /// Applies all lines.
    mutating func apply(_ lines: [String]) throws(ImageError) { for line in lines { try apply(line) } }

    /// Applies one line.
    mutating func apply(_ line: String) throws(ImageError) {
        let parts = line.split(maxSplits: 1, omittingEmptySubsequences: true) { $0 == " " || $0 == "\t" }
        guard let word = parts.first else { return }
        let rest = parts.count > 1 ? String(parts[1]).trimmed : ""
        let name = word.uppercased()
        guard Self.known.contains(name) else {
            throw .invalid("\(word.lowercased()) is not a valid change command")
        }
        guard !rest.isEmpty else { throw .invalid("\(name) requires at least one argument") }
        try apply(name, rest)
    }

    private static let known: Set<String> = [
        "CMD", "ENTRYPOINT", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL", "ONBUILD", "STOPSIGNAL", "USER", "VOLUME",
        "WORKDIR",
    ]

    private mutating func apply(_ name: String, _ rest: String) throws(ImageError) {
        switch name {
        case "CMD": config.cmd = command(rest)
        case "ENTRYPOINT": config.entrypoint = command(rest)
        case "ENV": try pairs(rest, name).forEach { set(variable: $0.name, $0.value) }
        case "LABEL":
            var labels = config.labels ?? [:]
            for (label, value) in try pairs(rest, name) { labels[label] = value }
            config.labels = labels
        case "EXPOSE":
            for port in rest.split(separator: " ") {
                config.exposedPorts.insert(port.utf8.contains(UInt8(ascii: "/")) ? String(port) : port + "/tcp")
            }
        case "VOLUME":
            for path in list(rest) ?? rest.split(separator: " ").map({ String($0) }) {
                config.volumes = (config.volumes ?? []).union([path])
            }
        case "USER": config.user = rest
        case "WORKDIR":
            let below = config.workingDir.isEmpty ? "/" : config.workingDir
            config.workingDir = rest.hasPrefix("/") ? rest : below + (below.hasSuffix("/") ? "" : "/") + rest
        case "STOPSIGNAL": config.stopSignal = rest
        case "ONBUILD": config.onBuild = (config.onBuild ?? []) + [rest]
        default: try health(rest)
        }
    }

    /// A JSON list as it is, anything else for a shell.
    private func command(_ text: String) -> [String] { list(text) ?? ["/bin/sh", "-c", text] }

    private func list(_ text: String) -> [String]? {
        guard text.hasPrefix("[") else { return nil }
        // What is no JSON list is text for a shell, as Docker takes it.
        guard let items = try? JSON(parsing: text).array else { return nil }
        let words = items.compactMap(\.string)
        return words.count == items.count ? words : nil
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

    private mutating func health(_ text: String) throws(ImageError) {
        var probe = HealthConfig()
        if text.uppercased() == "NONE" {
            probe.test = ["NONE"]
        } else {
            guard text.uppercased().hasPrefix("CMD ") else {
                throw .invalid("Unknown type \"\(text)\" in HEALTHCHECK (try CMD)")
            }
            let rest = String(text.dropFirst(4)).trimmed
            probe.test = list(rest).map { ["CMD"] + $0 } ?? ["CMD-SHELL", rest]
        }
        config.healthcheck = probe
    }

    /// `a=b "c d"=e`, or the old form `name everything else`.
    private func pairs(_ text: String, _ instruction: String) throws(ImageError) -> [(name: String, value: String)] {
        let words = Self.words(text)
        guard let first = words.first else { return [] }
        if !first.utf8.contains(UInt8(ascii: "=")) {
            guard words.count > 1 else { throw .invalid("\(instruction) must have two arguments") }
            return [(first, String(text.dropFirst(first.count)).trimmed)]
        }
        var found: [(name: String, value: String)] = []
        for word in words {
            guard let equals = word.firstIndex(of: "="), equals > word.startIndex else {
                throw .invalid("Syntax error - can't find = in \"\(word)\". Must be of the form: name=value")
            }
            found.append((String(word[..<equals]), String(word[word.index(after: equals)...])))
        }
        return found
    }

    /// Words with quotes and backslashes undone.
    private static func words(_ text: String) -> [String] {
        var words: [String] = []
        var word = ""
        var inWord = false
        var quote: Character?
        var escaped = false
        for character in text {
            if escaped {
                word.append(character)
                escaped = false
            } else if character == "\\" && quote != "'" {
                escaped = true
                inWord = true
            } else if let open = quote {
                if character == open { quote = nil } else { word.append(character) }
            } else if character == "\"" || character == "'" {
                quote = character
                inWord = true
            } else if character == " " || character == "\t" {
                if inWord { words.append(word) }
                word = ""
                inWord = false
            } else {
                word.append(character)
                inWord = true
            }
        }
        if inWord { words.append(word) }
        return words
    }
}

extension String {
    fileprivate var trimmed: String {
        String(drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" || $0 == "\n" }.reversed())
    }
}
