/// Why a template cannot be parsed or carried out, in the words of text/template.
public struct TemplateFailure: Error, Equatable, Sendable, CustomStringConvertible {
    public let message: String
    public init(_ message: String) { self.message = message }
    public var description: String { message }
}

/// A function that templates can call.
public typealias TemplateFunction = @Sendable ([Value]) throws(TemplateFailure) -> Value

/// A parsed template: the subset of Go's text/template that docker's users write.
public struct Template {
    public let name: String
    let source: [UInt8]
    let root: [Node]
    let definitions: [String: [Node]]
    let functions: [String: TemplateFunction]
    /// Whether a map without the key is an error (`missingkey=error`) or prints `<no value>`.
    public var missingKeyIsError = false

    /// Parses `text`. `functions` come beside the built-in ones and those docker adds.
    public init(
        _ text: String, name: String = "", functions: [String: TemplateFunction] = [:]
    ) throws(TemplateFailure) {
        self.name = name
        source = Array(text.utf8)
        var all = dockerFunctions
        for (name, function) in functions { all[name] = function }
        self.functions = all
        var parser = try TemplateParser(name: name, source: source, functions: Set(all.keys))
        root = try parser.parseAll()
        definitions = parser.definitions
    }

    /// Carries the template out on `data` and returns what it prints.
    public func execute(_ data: Value) throws(TemplateFailure) -> String {
        let (text, problem) = print(data)
        if let problem { throw problem }
        return text
    }

    /// Carries the template out on `data`: what it prints, up to the failure if there is one.
    public func print(_ data: Value) -> (text: String, failure: TemplateFailure?) {
        var execution = Execution(template: self, data: data)
        return execution.run()
    }
}

/// A piece of a template. Positions are byte offsets in the source.
indirect enum Node {
    case text([UInt8])
    case action(Pipeline)
    case branch(Branch)
    case template(name: String, argument: Pipeline?, position: Int)
    case leave(isBreak: Bool)
}

struct Branch {
    enum Kind { case condition, scope, loop }
    let kind: Kind
    let pipeline: Pipeline
    let body: [Node]
    let otherwise: [Node]
}

struct Pipeline {
    let position: Int
    let text: String
    var variables: [String]
    var declares: Bool
    let commands: [[Operand]]

    /// What was looked at last when the pipeline has been carried out: messages name it.
    var blamed: Operand? { commands.last?.last?.blamed }
}

/// One argument of a command.
struct Operand {
    indirect enum Kind {
        case dot
        case null
        case field([String])
        case variable(String, [String])
        case function(String)
        case literal(Value)
        case pipeline(Pipeline)
        case chain(Operand, [String])
    }

    let kind: Kind
    let position: Int
    /// The source text, for messages.
    let text: String

    /// The operand that messages name once this one has been looked at: of a pipeline, its last.
    var blamed: Operand {
        if case .pipeline(let inner) = kind, let last = inner.blamed { return last }
        return self
    }
}
