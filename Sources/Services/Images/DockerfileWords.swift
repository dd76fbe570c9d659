internal import EngineAPI

/// Words of a Dockerfile's instruction: quotes and backslashes undone, variables replaced.
struct DockerfileWords {
    private let variables: [String: String]

    /// `environment`: NAME=value.
    init(environment: [String]) {
        var variables: [String: String] = [:]
        for entry in environment {
            let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map { String($0) }
            variables[parts[0]] = parts.count > 1 ? parts[1] : ""
        }
        self.variables = variables
    }

    /// `a=b "c d"=e`, or the old form `name everything else`.
    func pairs(_ text: String, _ instruction: String) throws(EngineError) -> [(name: String, value: String)] {
        let words = Self.words(text)
        guard let first = words.first else { return [] }
        if !first.utf8.contains(UInt8(ascii: "=")) {
            guard words.count > 1 else { throw .invalid("\(instruction) must have two arguments") }
            let rest = text.dropFirst(first.count).drop(while: \.isWhitespace)
            return [(expanded(first), expanded(String(rest)))]
        }
        var found: [(name: String, value: String)] = []
        for word in words {
            guard let equals = word.firstIndex(of: "=") else {
                throw .invalid("Syntax error - can't find = in \"\(word)\". Must be of the form: name=value")
            }
            guard equals > word.startIndex else { throw .invalid("\(instruction) names can not be blank") }
            found.append((expanded(String(word[..<equals])), expanded(String(word[word.index(after: equals)...]))))
        }
        return found
    }

    /// What an expanded word falls into at white space.
    func split(_ text: String) -> [String] { text.split(whereSeparator: \.isWhitespace).map { String($0) } }

    /// Words as they are written, quotes kept.
    private static func words(_ text: String) -> [String] {
        var words: [String] = []
        var word = ""
        var quote: Character?
        var isEscaped = false
        for character in text {
            if isEscaped {
                isEscaped = false
            } else if character == "\\" && quote != "'" {
                isEscaped = true
            } else if let open = quote {
                if character == open { quote = nil }
            } else if character == "\"" || character == "'" {
                quote = character
            } else if character.isWhitespace {
                if !word.isEmpty { words.append(word) }
                word = ""
                continue
            }
            word.append(character)
        }
        if !word.isEmpty { words.append(word) }
        return words
    }

    /// A word with its quotes and backslashes undone and `$NAME`, `${NAME}`, `${NAME:-word}` and `${NAME:+word}`
    /// replaced; nothing is replaced between single quotes.
    func expanded(_ text: String) -> String {
        var out = ""
        var rest = text[...]
        var isQuoted = false
        while let character = rest.popFirst() {
            switch character {
            case "'" where !isQuoted:
                let inside = rest.prefix { $0 != "'" }
                out += inside
                rest = rest.dropFirst(inside.count + 1)
            case "\"": isQuoted.toggle()
            case "\\":
                // Between double quotes a backslash stays before what it means nothing to.
                if isQuoted, let next = rest.first, !"\"$\\".contains(next) { out.append(character) }
                if let next = rest.popFirst() { out.append(next) }
            case "$": out += variable(&rest)
            default: out.append(character)
            }
        }
        return out
    }

    private func variable(_ rest: inout Substring) -> String {
        func isPart(_ character: Character) -> Bool { character.isLetter || character.isNumber || character == "_" }
        guard rest.first == "{", let close = rest.firstIndex(of: "}") else {
            let name = rest.prefix(while: isPart)
            rest = rest.dropFirst(name.count)
            return name.isEmpty ? "$" : variables[String(name)] ?? ""
        }
        let inside = rest[..<close].dropFirst()
        rest = rest[rest.index(after: close)...]
        let name = inside.prefix(while: isPart)
        let value = variables[String(name)] ?? ""
        let choice = inside.dropFirst(name.count)
        if choice.hasPrefix(":-") { return value.isEmpty ? expanded(String(choice.dropFirst(2))) : value }
        if choice.hasPrefix(":+") { return value.isEmpty ? "" : expanded(String(choice.dropFirst(2))) }
        return value
    }
}
