/// One run of a template.
struct Execution {
    let template: Template
    private let data: Value
    private var out: [UInt8] = []
    private var variables: [(name: String, value: Value)]
    private var depth = 0
    private var name: String

    private enum Flow { case normal, leaveLoop, nextRound }

    init(template: Template, data: Value) {
        self.template = template
        self.data = data
        name = template.name
        variables = [("$", data)]
    }

    /// What the template prints, up to the failure if there is one.
    mutating func run() -> (text: String, failure: TemplateFailure?) {
        var problem: TemplateFailure?
        do throws(TemplateFailure) {
            _ = try walk(template.root, data)
        } catch {
            problem = error
        }
        return (String(decoding: out, as: UTF8.self), problem)
    }

    private func failure(_ message: String, at operand: Operand) -> TemplateFailure {
        failure(message, position: operand.position, text: operand.text)
    }

    private func failure(_ message: String, position: Int, text: String) -> TemplateFailure {
        let before = template.source[0..<min(position, template.source.count)]
        let line = 1 + before.reduce(0) { $0 + ($1 == 10 ? 1 : 0) }
        let column = before.lastIndex(of: 10).map { position - $0 - 1 } ?? position
        let place = template.name + ":" + String(line) + ":" + String(column)
        return TemplateFailure("template: " + place + ": executing \"" + name + "\" at <" + text + ">: " + message)
    }

    // MARK: Nodes

    private mutating func walk(_ nodes: [Node], _ dot: Value) throws(TemplateFailure) -> Flow {
        for node in nodes {
            let flow = try walk(node, dot)
            if flow != .normal { return flow }
        }
        return .normal
    }

    private mutating func walk(_ node: Node, _ dot: Value) throws(TemplateFailure) -> Flow {
        switch node {
        case .text(let text): out += text
        case .action(let pipeline):
            let value = try evaluate(pipeline, dot)
            if pipeline.variables.isEmpty { out += Array(goPrint(value, isTop: true).utf8) }
        case .leave(let isBreak): return isBreak ? .leaveLoop : .nextRound
        case .template(let called, let argument, let position):
            guard let body = template.definitions[called] else {
                let given = argument.map { " " + $0.text } ?? ""
                throw failure(
                    "template \"" + called + "\" not defined", position: position,
                    text: "{{template \"" + called + "\"" + given + "}}")
            }
            depth += 1
            guard depth < 1000 else {
                throw failure("exceeded maximum template depth (100000)", position: position, text: called)
            }
            let given: Value = if let argument { try evaluate(argument, dot) } else { .missing }
            let outer = (variables, name)
            variables = [("$", given)]
            name = called
            let flow = try walk(body, given)
            (variables, name) = outer
            depth -= 1
            return flow
        case .branch(let branch): return try walk(branch, dot)
        }
        return .normal
    }

    private mutating func walk(_ branch: Branch, _ dot: Value) throws(TemplateFailure) -> Flow {
        let mark = variables.count
        defer { variables.removeLast(variables.count - mark) }
        if branch.kind == .loop { return try loop(branch, dot) }
        let value = try evaluate(branch.pipeline, dot)
        if value.isTrue { return try walk(branch.body, branch.kind == .scope ? value : dot) }
        return try walk(branch.otherwise, dot)
    }

    private mutating func loop(_ branch: Branch, _ dot: Value) throws(TemplateFailure) -> Flow {
        var silent = branch.pipeline
        silent.variables = []
        let value = try evaluate(silent, dot).plain
        var items: [(key: Value, value: Value)] = []
        switch value {
        case .list(let list): for (index, item) in list.enumerated() { items.append((.int(index), item)) }
        case .map(let pairs):
            for (key, item) in pairs.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
                items.append((.string(key), item))
            }
        case .int(let count): for index in 0..<max(0, count) { items.append((.int(index), .int(index))) }
        case .null, .missing: break
        default:
            throw failure(
                "range can't iterate over " + goPrint(value, isTop: true), position: branch.pipeline.position,
                text: branch.pipeline.text)
        }
        if items.isEmpty { return try walk(branch.otherwise, dot) }
        let names = branch.pipeline.variables
        for item in items {
            let mark = variables.count
            if names.count == 1 { assign(names[0], item.value, declare: branch.pipeline.declares) }
            if names.count == 2 {
                assign(names[0], item.key, declare: branch.pipeline.declares)
                assign(names[1], item.value, declare: branch.pipeline.declares)
            }
            let flow = try walk(branch.body, item.value)
            variables.removeLast(variables.count - mark)
            if flow == .leaveLoop { break }
        }
        return .normal
    }

    private mutating func assign(_ name: String, _ value: Value, declare: Bool) {
        if !declare, let index = variables.lastIndex(where: { $0.name == name }) {
            variables[index].value = value
        } else {
            variables.append((name, value))
        }
    }

    // MARK: Values

    private mutating func evaluate(_ pipeline: Pipeline, _ dot: Value) throws(TemplateFailure) -> Value {
        var last: Value?
        for command in pipeline.commands { last = try evaluate(command, dot, last) }
        let value = last ?? .missing
        for name in pipeline.variables {
            if !pipeline.declares, !variables.contains(where: { $0.name == name }), let blamed = pipeline.blamed {
                throw failure("undefined variable: " + name, at: blamed)
            }
            assign(name, value, declare: pipeline.declares)
        }
        return value
    }

    private mutating func evaluate(_ command: [Operand], _ dot: Value, _ last: Value?) throws(TemplateFailure) -> Value
    {
        let first = command[0]
        switch first.kind {
        case .function(let name): return try call(name, command, dot, last)
        case .field(let names): return try fields(dot, names, first, command, dot, last)
        case .variable(let name, let names):
            let value = variables.last { $0.name == name }?.value ?? .missing
            if names.isEmpty {
                try refuseArguments(command, last, "can't give argument to non-function " + first.text)
                return value
            }
            return try fields(value, names, first, command, dot, last)
        case .chain(let inner, let names):
            let value = try evaluate([inner], dot, nil)
            return try fields(value, names, inner.blamed, command, dot, last)
        case .pipeline(let pipeline):
            try refuseArguments(command, last, "can't give argument to non-function " + first.text)
            return try evaluate(pipeline, dot)
        case .null: throw failure("nil is not a command", at: first)
        case .dot, .literal:
            try refuseArguments(command, last, "can't give argument to non-function " + first.text)
            if case .literal(let value) = first.kind { return value }
            return dot
        }
    }

    private func refuseArguments(_ command: [Operand], _ last: Value?, _ message: String) throws(TemplateFailure) {
        if command.count > 1 || last != nil { throw failure(message, at: command[0]) }
    }

    private mutating func arguments(
        _ command: [Operand], _ dot: Value, _ last: Value?
    ) throws(TemplateFailure) -> [Value] {
        var values: [Value] = []
        for operand in command.dropFirst() { values.append(try argument(operand, dot)) }
        if let last { values.append(last) }
        return values
    }

    private mutating func argument(_ operand: Operand, _ dot: Value) throws(TemplateFailure) -> Value {
        if case .null = operand.kind { return .null }
        return try evaluate([operand], dot, nil)
    }

    private mutating func call(
        _ name: String, _ command: [Operand], _ dot: Value, _ last: Value?
    ) throws(TemplateFailure) -> Value {
        if name == "and" || name == "or" { return try shortCircuit(name == "and", command, dot, last) }
        let values = try arguments(command, dot, last)
        if let kinds = parameters[name], name == "printf" || kinds.count == values.count {
            try check(values, kinds, command)
        }
        if name == "call", let first = values.first, command.count > 1 {
            if case .function = first {
            } else {
                let problem = "error calling call: non-function " + command[1].text + " of type " + first.typeName
                throw failure(problem, position: command[0].position, text: texts(command))
            }
        }
        guard let function = template.functions[name] ?? builtins[name] else {
            throw failure("\"" + name + "\" is not a defined function", at: command[0])
        }
        do throws(TemplateFailure) {
            return try function(values)
        } catch {
            if error.message.hasPrefix("wrong number of args") { throw failure(error.message, at: command[0]) }
            let message = "error calling " + name + ": " + error.message
            throw failure(message, position: command[0].position, text: texts(command))
        }
    }

    private func texts(_ command: [Operand]) -> String { command.map { $0.text }.joined(separator: " ") }

    /// Refuses the first of `values` that a parameter does not take.
    private func check(_ values: [Value], _ kinds: [Parameter], _ command: [Operand]) throws(TemplateFailure) {
        for (index, (value, kind)) in zip(values, kinds).enumerated() where !kind.admits(value) {
            throw mismatch(value, kind, index + 1 < command.count ? command[index + 1] : command[0])
        }
    }

    /// A value that a function cannot take, in the words for what stands there.
    private func mismatch(_ value: Value, _ kind: Parameter, _ operand: Operand) -> TemplateFailure {
        if case .literal = operand.kind {
            if kind == .list {
                return failure("can't handle " + operand.text + " for arg of type []string", at: operand)
            }
            return failure("expected " + kind.literalName + "; found " + operand.text, at: operand)
        }
        if case .missing = value { return failure("invalid value; expected " + kind.rawValue, at: operand) }
        return failure("wrong type for value; expected " + kind.rawValue + "; got " + value.typeName, at: operand)
    }

    private mutating func shortCircuit(
        _ wantsAll: Bool, _ command: [Operand], _ dot: Value, _ last: Value?
    ) throws(TemplateFailure) -> Value {
        var value: Value?
        for operand in command.dropFirst() {
            let next = try argument(operand, dot)
            value = next
            if next.isTrue != wantsAll { return next }
        }
        guard let result = last ?? value else {
            throw failure(
                "wrong number of args for " + (wantsAll ? "and" : "or") + ": want at least 1 got 0", at: command[0])
        }
        return result
    }

    private mutating func fields(
        _ start: Value, _ names: [String], _ operand: Operand, _ command: [Operand], _ dot: Value, _ last: Value?
    ) throws(TemplateFailure) -> Value {
        var value = start
        for (index, name) in names.dropLast().enumerated() {
            value = try field(value, name, operand, [], isElement: index > 0)
        }
        guard let final = names.last else { return value }
        let given = try arguments(command, dot, last)
        let found = try field(value, final, operand, given, isElement: names.count > 1)
        // What methods take is text.
        if case .object = value { try check(given, given.map { _ in .string }, command) }
        return found
    }

    /// `isElement`: the value is the field of another, which Go knows by the type it has there.
    private func field(
        _ value: Value, _ name: String, _ operand: Operand, _ given: [Value], isElement: Bool
    ) throws(TemplateFailure) -> Value {
        if case .object(let object) = value {
            do throws(TemplateFailure) {
                if let found = try object.member(name, given) { return found }
            } catch {
                let isCall = error.message.hasPrefix("wrong number of args")
                throw failure((isCall ? "" : "error calling " + name + ": ") + error.message, at: operand)
            }
            throw failure("can't evaluate field " + name + " in type " + object.typeName, at: operand)
        }
        if case .json(let json, let shape) = value, let structure = shape.structure {
            if json.isNull, shape.isPointer {
                throw failure("nil pointer evaluating " + value.typeName + "." + name, at: operand)
            }
            guard let field = structure.field(name) else {
                throw failure("can't evaluate field " + name + " in type " + value.typeName, at: operand)
            }
            try refuse(given, name, operand)
            return Structure.value(field, in: json)
        }
        switch value.plain {
        case .map(let pairs):
            if let found = pairs[name] {
                if case .function(let function) = found { return try function(given) }
                if !given.isEmpty { throw failure(name + " is not a method but has arguments", at: operand) }
                return found
            }
            if template.missingKeyIsError {
                throw failure("map has no entry for key \"" + name + "\"", at: operand)
            }
            return .missing
        case .missing: return .missing
        case .null: throw failure("nil pointer evaluating interface {}." + name, at: operand)
        default:
            var type = value.typeName
            if isElement, case .json(_, .raw) = value { type = "interface {}" }
            throw failure("can't evaluate field " + name + " in type " + type, at: operand)
        }
    }

    private func refuse(_ given: [Value], _ name: String, _ operand: Operand) throws(TemplateFailure) {
        if !given.isEmpty { throw failure(name + " has arguments but cannot be invoked as function", at: operand) }
    }
}

extension Shape {
    var isPointer: Bool { if case .pointer = self { true } else { false } }

    var structure: Structure? {
        switch self {
        case .structure(let structure): structure
        case .pointer(let target): target.structure
        default: nil
        }
    }
}
