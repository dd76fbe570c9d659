internal import GoText

/// Turns tokens into nodes.
struct TemplateParser {
    private var lexer: TemplateLexer
    private let functions: Set<String>
    private(set) var definitions: [String: [Node]] = [:]
    private var variables: [String] = ["$"]
    private var loops = 0
    private var trimLeft = false
    private var tokens: [Token] = []
    private var index = 0

    /// How a list of nodes ended.
    private enum Ending: Equatable {
        case end
        case otherwise
        case file
    }

    init(name: String, source: [UInt8], functions: Set<String>) throws(TemplateFailure) {
        lexer = TemplateLexer(name: name, source: source)
        self.functions = functions
    }

    mutating func parseAll() throws(TemplateFailure) -> [Node] {
        let (nodes, ending) = try list()
        switch ending {
        case .file: return nodes
        case .end: throw failure("unexpected {{end}}")
        case .otherwise: throw failure("unexpected {{else}}")
        }
    }

    private func failure(_ message: String) -> TemplateFailure {
        lexer.failure(message, at: index < tokens.count ? tokens[index].position : lexer.position)
    }

    // MARK: Nodes

    private mutating func list() throws(TemplateFailure) -> ([Node], Ending) {
        var nodes: [Node] = []
        while true {
            let (text, action) = try lexer.nextText(trimLeft: &trimLeft)
            if !text.isEmpty { nodes.append(.text(text)) }
            if !action { return (nodes, .file) }
            tokens = try lexer.actionTokens(trimLeft: &trimLeft)
            index = 0
            skipSpace()
            guard tokens[index].kind == .identifier else {
                nodes.append(.action(try pipeline("command", until: .close)))
                continue
            }
            switch tokens[index].text {
            case "end":
                index += 1
                try expectClose("end")
                return (nodes, .end)
            case "else":
                index += 1
                skipSpace()
                return (nodes, .otherwise)
            case "if": nodes.append(try branch(.condition))
            case "with": nodes.append(try branch(.scope))
            case "range": nodes.append(try branch(.loop))
            case "define": try define()
            case "block": nodes.append(try block())
            case "template": nodes.append(try template())
            case "break", "continue": nodes.append(try leave())
            default: nodes.append(.action(try pipeline("command", until: .close)))
            }
        }
    }

    private mutating func body() throws(TemplateFailure) -> ([Node], Ending) {
        let (nodes, ending) = try list()
        if ending == .file { throw failure("unexpected EOF") }
        return (nodes, ending)
    }

    private mutating func branch(_ kind: Branch.Kind) throws(TemplateFailure) -> Node {
        let word = tokens[index].text
        index += 1
        let depth = variables.count
        defer { variables.removeLast(variables.count - depth) }
        let condition = try pipeline(word, until: .close)
        if kind == .loop { loops += 1 }
        let (nodes, ending) = try body()
        if kind == .loop { loops -= 1 }
        var otherwise: [Node] = []
        if ending == .otherwise {
            if kind != .loop, tokens[index].kind == .identifier, tokens[index].text == word {
                // `else if` is an `if` in the else branch that shares its end.
                otherwise = [try branch(kind)]
            } else {
                try expectClose("else")
                let (rest, last) = try body()
                if last != .end { throw failure("expected end; found {{else}}") }
                otherwise = rest
            }
        }
        return .branch(Branch(kind: kind, pipeline: condition, body: nodes, otherwise: otherwise))
    }

    private mutating func define() throws(TemplateFailure) {
        index += 1
        let name = try quotedName("define clause")
        try expectClose("define clause")
        let outer = variables
        variables = ["$"]
        let (nodes, ending) = try body()
        if ending != .end { throw failure("unexpected {{else}} in define clause") }
        variables = outer
        definitions[name] = nodes
    }

    private mutating func block() throws(TemplateFailure) -> Node {
        let position = tokens[index].position
        index += 1
        let name = try quotedName("block clause")
        let argument = try pipeline("block clause", until: .close)
        let outer = variables
        variables = ["$"]
        let (nodes, ending) = try body()
        if ending != .end { throw failure("unexpected {{else}} in block clause") }
        variables = outer
        definitions[name] = nodes
        return .template(name: name, argument: argument, position: position)
    }

    private mutating func template() throws(TemplateFailure) -> Node {
        index += 1
        skipSpace()
        let position = tokens[index].position
        let name = try quotedName("template clause")
        skipSpace()
        if tokens[index].kind == .close { return .template(name: name, argument: nil, position: position) }
        return .template(name: name, argument: try pipeline("template clause", until: .close), position: position)
    }

    private mutating func leave() throws(TemplateFailure) -> Node {
        let word = tokens[index].text
        if loops == 0 { throw failure("{{" + word + "}} outside {{range}}") }
        index += 1
        try expectClose(word)
        return .leave(isBreak: word == "break")
    }

    private mutating func quotedName(_ context: String) throws(TemplateFailure) -> String {
        skipSpace()
        let token = tokens[index]
        guard token.kind == .string || token.kind == .rawString, let text = goUnquote(token.text) else {
            throw unexpected(context)
        }
        index += 1
        return text
    }

    private mutating func expectClose(_ context: String) throws(TemplateFailure) {
        skipSpace()
        if tokens[index].kind != .close { throw unexpected(context) }
    }

    private func unexpected(_ context: String) -> TemplateFailure {
        let token = tokens[index]
        switch token.kind {
        case .identifier
        where ["if", "else", "end", "range", "with", "define", "block", "template"].contains(token.text):
            return failure("unexpected <" + token.text + "> in " + context)
        case .dot, .null: return failure("unexpected <" + token.text + "> in " + context)
        default:
            let start = token.text.unicodeScalars.prefix(10)
            let isWhole = start.count == token.text.unicodeScalars.count
            let shown = goQuoted(String(String.UnicodeScalarView(start)))
            return failure("unexpected " + shown + (isWhole ? "" : "...") + " in " + context)
        }
    }

    private mutating func skipSpace() {
        while tokens[index].kind == .space { index += 1 }
    }

    // MARK: Pipelines

    private mutating func pipeline(_ context: String, until close: Token.Kind) throws(TemplateFailure) -> Pipeline {
        skipSpace()
        let start = tokens[index].position
        var names: [String] = []
        var declares = false
        try declaration(context, &names, &declares)
        var commands: [[Operand]] = []
        while true {
            skipSpace()
            if tokens[index].kind == close {
                let end = tokens[index].position
                if close == .right { index += 1 }
                if commands.isEmpty { throw failure("missing value for " + context) }
                for stage in commands.dropFirst() {
                    switch stage[0].kind {
                    case .literal, .dot, .null:
                        throw failure("non executable command in pipeline stage 2")
                    default: break
                    }
                }
                var text = lexer.slice(start, end)
                while text.hasSuffix(" ") { text.removeLast() }
                return Pipeline(position: start, text: text, variables: names, declares: declares, commands: commands)
            }
            switch tokens[index].kind {
            case .pipe, .comma, .assign, .declare, .bad, .right, .close: throw unexpected(context)
            default: commands.append(try command(close: close))
            }
        }
    }

    /// `$x :=`, `$x =`, and in a range `$i, $x :=`.
    private mutating func declaration(
        _ context: String, _ names: inout [String], _ declares: inout Bool
    ) throws(TemplateFailure) {
        let start = index
        var found: [String] = []
        while tokens[index].kind == .variable {
            found.append(tokens[index].text)
            index += 1
            skipSpace()
            switch tokens[index].kind {
            case .declare, .assign:
                declares = tokens[index].kind == .declare
                index += 1
                if found.count > 1 && context != "range" { throw failure("too many declarations in " + context) }
                if declares { variables += found }
                names = found
                return
            case .comma:
                index += 1
                skipSpace()
                guard context == "range", found.count < 2 else {
                    throw failure("too many declarations in " + context)
                }
                switch tokens[index].kind {
                case .variable, .close, .right: break
                default: throw failure("range can only initialize variables")
                }
            default:
                index = start
                return
            }
        }
        index = start
    }

    private mutating func command(close: Token.Kind) throws(TemplateFailure) -> [Operand] {
        var operands: [Operand] = []
        while true {
            skipSpace()
            if let operand = try operand() { operands.append(operand) }
            let token = tokens[index]
            switch token.kind {
            case .space: continue
            case .pipe:
                index += 1
                skipSpace()
            case close: break
            case .right, .close: throw unexpected("command")
            default: throw unexpected(operands.isEmpty ? "command" : "operand")
            }
            if operands.isEmpty { throw failure("empty command") }
            return operands
        }
    }

    private mutating func operand() throws(TemplateFailure) -> Operand? {
        guard var node = try term() else { return nil }
        guard tokens[index].kind == .field else { return node }
        let position = tokens[index].position
        var fields: [String] = []
        var text = node.text
        while tokens[index].kind == .field {
            fields.append(String(tokens[index].text.dropFirst()))
            text += tokens[index].text
            index += 1
        }
        switch node.kind {
        case .field(let names): node = Operand(kind: .field(names + fields), position: position, text: text)
        case .variable(let name, let names):
            node = Operand(kind: .variable(name, names + fields), position: position, text: text)
        case .literal, .null: throw failure("unexpected . after term " + goQuoted(node.text))
        default: node = Operand(kind: .chain(node, fields), position: position, text: text)
        }
        return node
    }

    private mutating func term() throws(TemplateFailure) -> Operand? {
        let token = tokens[index]
        func made(_ kind: Operand.Kind) -> Operand { Operand(kind: kind, position: token.position, text: token.text) }
        switch token.kind {
        case .identifier:
            guard functions.contains(token.text) || builtinNames.contains(token.text) else {
                throw failure("function \"" + token.text + "\" not defined")
            }
            index += 1
            return made(.function(token.text))
        case .dot:
            index += 1
            return made(.dot)
        case .null:
            index += 1
            return made(.null)
        case .variable:
            guard variables.contains(token.text) else { throw failure("undefined variable \"" + token.text + "\"") }
            index += 1
            return made(.variable(token.text, []))
        case .field:
            index += 1
            return made(.field([String(token.text.dropFirst())]))
        case .bool:
            index += 1
            return made(.literal(.bool(token.text == "true")))
        case .number:
            index += 1
            return made(.literal(goNumber(token.text) ?? .int(0)))
        case .string, .rawString, .character: return try literal(token)
        case .left:
            index += 1
            let inner = try pipeline("parenthesized pipeline", until: .right)
            return Operand(kind: .pipeline(inner), position: token.position, text: "(" + inner.text + ")")
        default: return nil
        }
    }

    private mutating func literal(_ token: Token) throws(TemplateFailure) -> Operand {
        guard let text = goUnquote(token.text) else { throw failure("invalid syntax") }
        let isCharacter = token.kind == .character
        if isCharacter && text.unicodeScalars.count != 1 {
            throw failure("malformed character constant: " + token.text)
        }
        index += 1
        let value: Value = isCharacter ? .int(Int(text.unicodeScalars.first?.value ?? 0)) : .string(text)
        return Operand(kind: .literal(value), position: token.position, text: token.text)
    }
}
