internal import GoText

/// A command line that cannot be used as it stands: upstream's words, without the program's name.
public struct UsageError: Error, Equatable, Sendable, CustomStringConvertible {
    public let message: String
    public init(_ message: String) { self.message = message }
    public var description: String { message }
}

/// Whose rules a command line follows.
public enum Convention: Sendable {
    /// spf13/pflag: `--name=value`, `--name value`, `-n value`, `-nvalue`, bundled short booleans (docker, dockerd).
    case pflag
    /// urfave/cli: Go's rules, with aliases and options before arguments only (runc, containerd, ctr).
    case urfave
    /// Go's package flag: `-name value`, `-name=value`, one dash or two (docker-proxy, the shim).
    case go
}

/// One declared flag. Its value lives in the `Flag` that the declaring call returned.
public class AnyFlag {
    public let name: String
    /// Other names: the short name in pflag, the aliases in urfave.
    public let aliases: [String]
    public let usage: String
    /// What help calls the value ("string", "list", "bytes"); empty for a boolean.
    public let typeName: String
    /// How help shows the default; empty: not shown.
    public let defaultText: String
    /// The value when the flag is given without one; nil: a value is needed. Booleans have "true".
    public let valueWhenBare: String?
    public var hidden = false
    /// Accepted, with this advice on standard error ("use --timeout instead"); empty: not deprecated.
    public var deprecation = ""
    /// The short name is accepted but no longer shown.
    public var shorthandIsDeprecated = false
    /// True once the command line has used the short name.
    public internal(set) var shorthandWasUsed = false
    /// Environment variables that set it when the command line does not (urfave).
    public var environment: [String] = []
    /// True once the command line has set it.
    public internal(set) var isSet = false

    init(_ name: String, _ aliases: [String], _ usage: String, _ typeName: String, _ defaultText: String, bare: String?)
    {
        self.name = name
        self.aliases = aliases
        self.usage = usage
        self.typeName = typeName
        self.defaultText = defaultText
        self.valueWhenBare = bare
    }

    public var isBoolean: Bool { typeName.isEmpty }

    /// Takes one value from the command line; throws Go's words for why it does not parse.
    func take(_ text: String) throws(UsageError) {}
}

/// A declared flag and its value.
public final class Flag<Value>: AnyFlag {
    public internal(set) var value: Value
    let parse: (String, Value) throws(UsageError) -> Value

    init(
        _ name: String, _ aliases: [String], _ usage: String, _ typeName: String, _ defaultText: String, bare: String?,
        _ value: Value, _ parse: @escaping (String, Value) throws(UsageError) -> Value
    ) {
        self.value = value
        self.parse = parse
        super.init(name, aliases, usage, typeName, defaultText, bare: bare)
    }

    override func take(_ text: String) throws(UsageError) {
        value = try parse(text, value)
        isSet = true
    }

    /// Gives the value from elsewhere than the command line: another name of the flag, or a file.
    public func setValue(_ new: Value) {
        value = new
        isSet = true
    }
}

/// The flags of one command, in the order declared.
public final class FlagSet {
    public let convention: Convention
    public private(set) var all: [AnyFlag] = []
    /// Whether flags may follow arguments (`docker ps x -a`); off where the arguments are another program's.
    public var interspersed: Bool
    /// Leave what is not declared among the arguments instead of refusing it.
    public var passesUnknown = false

    public init(_ convention: Convention) {
        self.convention = convention
        interspersed = convention == .pflag
    }

    // MARK: Declaring

    @discardableResult
    public func bool(_ name: String, _ alias: String..., usage: String, default value: Bool = false) -> Flag<Bool> {
        add(
            Flag(name, alias, usage, "", value ? "true" : "", bare: "true", value) { (text, _) throws(UsageError) in
                guard let parsed = parseBool(text) else {
                    throw UsageError("strconv.ParseBool: parsing " + goQuoted(text) + ": invalid syntax")
                }
                return parsed
            })
    }

    @discardableResult
    public func string(
        _ name: String, _ alias: String..., usage: String, default value: String = "", type: String = "string",
        bare: String? = nil
    ) -> Flag<String> {
        add(Flag(name, alias, usage, type, value, bare: bare, value) { (text, _) throws(UsageError) in text })
    }

    @discardableResult
    public func int(_ name: String, _ alias: String..., usage: String, default value: Int = 0, type: String = "int")
        -> Flag<Int>
    {
        add(
            Flag(name, alias, usage, type, value == 0 ? "" : String(value), bare: nil, value) {
                (text, _) throws(UsageError) in
                guard let parsed = parseInt(text) else { throw UsageError(parseIntFailure(text)) }
                return parsed
            })
    }

    /// A flag that may be given many times; each value is kept.
    @discardableResult
    public func list(_ name: String, _ alias: String..., usage: String, type: String = "list") -> Flag<[String]> {
        add(Flag(name, alias, usage, type, "", bare: nil, []) { (text, values) throws(UsageError) in values + [text] })
    }

    /// A flag with its own parser, which gets the text and the value so far.
    @discardableResult
    public func value<Value>(
        _ name: String, _ alias: String..., usage: String, type: String, default value: Value, defaultText: String = "",
        bare: String? = nil, parse: @escaping (String, Value) throws(UsageError) -> Value
    ) -> Flag<Value> {
        add(Flag(name, alias, usage, type, defaultText, bare: bare, value, parse))
    }

    @discardableResult
    public func add<Value>(_ flag: Flag<Value>) -> Flag<Value> {
        all.append(flag)
        return flag
    }

    public func named(_ name: String) -> AnyFlag? {
        for flag in all where flag.name == name || flag.aliases.contains(name) { return flag }
        return nil
    }

    // MARK: Parsing

    /// Reads the flags out of `arguments` (without the program's name) and returns what is left. `--` ends the flags.
    public func parse(_ arguments: [String]) throws(UsageError) -> [String] {
        var rest: [String] = []
        var index = 0
        while index < arguments.count {
            let argument = arguments[index]
            index += 1
            if argument == "--" {
                rest += arguments[index...]
                break
            }
            guard argument.utf8.count > 1, argument.utf8.first == 45 else {
                rest.append(argument)
                if !interspersed {
                    rest += arguments[index...]
                    break
                }
                continue
            }
            let next = index < arguments.count ? arguments[index] : nil
            let usedNext: Bool
            if convention == .pflag && !hasPrefix(argument, "--") {
                usedNext = try shorts(argument, next: next, rest: &rest)
            } else {
                usedNext = try long(argument, next: next, rest: &rest)
            }
            if usedNext { index += 1 }
        }
        return rest
    }

    /// `--name`, `--name=value` (and with one dash outside pflag). Returns whether the next argument was its value.
    private func long(_ argument: String, next: String?, rest: inout [String]) throws(UsageError) -> Bool {
        let body = dropDashes(argument)
        if let first = body.utf8.first, first == 45 || first == 61 {
            throw UsageError("bad flag syntax: " + argument)
        }
        let (name, given) = splitOnce(body, at: 61)
        guard let flag = named(name), convention != .pflag || flag.name == name else {
            if passesUnknown {
                rest.append(argument)
                return false
            }
            throw unknown(name, argument)
        }
        if let given {
            try set(flag, given, as: name)
            return false
        }
        if let bare = flag.valueWhenBare {
            try set(flag, bare, as: name)
            return false
        }
        guard let next else { throw missingValue(flag, name) }
        try set(flag, next, as: name)
        return true
    }

    /// `-abc`, `-nvalue`, `-n=value`, `-n value`.
    private func shorts(_ argument: String, next: String?, rest: inout [String]) throws(UsageError) -> Bool {
        var letters = Array(argument.utf8.dropFirst())
        while let letter = letters.first {
            letters.removeFirst()
            let name = String(decoding: [letter], as: UTF8.self)
            guard let flag = all.first(where: { $0.aliases.contains(name) }) else {
                if passesUnknown {
                    rest.append(argument)
                    return false
                }
                throw UsageError("unknown shorthand flag: '" + name + "' in " + argument)
            }
            flag.shorthandWasUsed = true
            if letters.first == 61 {
                try set(flag, String(decoding: Array(letters.dropFirst()), as: UTF8.self), as: name)
                return false
            }
            if let bare = flag.valueWhenBare {
                try set(flag, bare, as: name)
                continue
            }
            if !letters.isEmpty {
                try set(flag, String(decoding: letters, as: UTF8.self), as: name)
                return false
            }
            guard let next else {
                throw UsageError("flag needs an argument: '" + name + "' in " + argument)
            }
            try set(flag, next, as: name)
            return true
        }
        return false
    }

    private func set(_ flag: AnyFlag, _ text: String, as name: String) throws(UsageError) {
        do throws(UsageError) {
            try flag.take(text)
        } catch {
            throw invalid(flag, text, name, error.message)
        }
    }

    private func unknown(_ name: String, _ argument: String) -> UsageError {
        convention == .pflag
            ? UsageError("unknown flag: --" + name) : UsageError("flag provided but not defined: -" + name)
    }

    private func missingValue(_ flag: AnyFlag, _ name: String) -> UsageError {
        convention == .pflag
            ? UsageError("flag needs an argument: --" + name) : UsageError("flag needs an argument: -" + name)
    }

    private func invalid(_ flag: AnyFlag, _ text: String, _ name: String, _ why: String) -> UsageError {
        if convention == .pflag {
            let shown = flag.aliases.isEmpty ? "--" + flag.name : "-" + flag.aliases[0] + ", --" + flag.name
            return UsageError("invalid argument " + goQuoted(text) + " for " + goQuoted(shown) + " flag: " + why)
        }
        let kind = flag.isBoolean ? "invalid boolean value " : "invalid value "
        // Of strconv's own words Go's package flag leaves these.
        let isNumber = hasPrefix(why, "strconv.")
        let reason =
            isNumber
            ? why.utf8.suffix(outOfRange.utf8.count).elementsEqual(outOfRange.utf8) ? outOfRange : "parse error" : why
        let link = flag.isBoolean ? " for -" : " for flag -"
        return UsageError(kind + goQuoted(text) + link + name + ": " + reason)
    }
}

/// strconv.ParseBool.
public func parseBool(_ text: String) -> Bool? {
    switch text {
    case "1", "t", "T", "true", "TRUE", "True": true
    case "0", "f", "F", "false", "FALSE", "False": false
    default: nil
    }
}

/// strconv.ParseInt with base 0: decimal, 0x, 0o, 0b, and a leading 0 for octal.
public func parseInt(_ text: String) -> Int? {
    var body = text
    var negative = false
    if hasPrefix(body, "-") || hasPrefix(body, "+") {
        negative = hasPrefix(body, "-")
        body = String(decoding: Array(body.utf8.dropFirst()), as: UTF8.self)
    }
    var radix = 10
    for (prefix, base) in [("0x", 16), ("0X", 16), ("0o", 8), ("0O", 8), ("0b", 2), ("0B", 2)]
    where hasPrefix(body, prefix) {
        radix = base
        body = String(decoding: Array(body.utf8.dropFirst(2)), as: UTF8.self)
    }
    if radix == 10 && body.utf8.count > 1 && hasPrefix(body, "0") { radix = 8 }
    guard let first = body.utf8.first, first != 43, first != 45 else { return nil }
    return Int((negative ? "-" : "") + body, radix: radix)
}

private let outOfRange = "value out of range"

/// strconv's words for a text that `parseInt` refuses.
func parseIntFailure(_ text: String) -> String {
    let digits = text.utf8.drop { $0 == 43 || $0 == 45 }
    let isLong = digits.first != 48 && digits.count > 18 && digits.allSatisfy { $0 >= 48 && $0 <= 57 }
    return "strconv.ParseInt: parsing " + goQuoted(text) + ": " + (isLong ? outOfRange : "invalid syntax")
}

/// Whether `text` starts with `prefix`, byte for byte.
public func hasPrefix(_ text: String, _ prefix: String) -> Bool { text.utf8.starts(with: prefix.utf8) }

/// The parts before and after the first `byte`; nil after when there is none.
public func splitOnce(_ text: String, at byte: UInt8) -> (String, String?) {
    let bytes = Array(text.utf8)
    guard let index = bytes.firstIndex(of: byte) else { return (text, nil) }
    return (String(decoding: bytes[0..<index], as: UTF8.self), String(decoding: bytes[(index + 1)...], as: UTF8.self))
}

private func dropDashes(_ argument: String) -> String {
    let bytes = Array(argument.utf8)
    let dashes = bytes.count > 1 && bytes[1] == 45 ? 2 : 1
    return String(decoding: bytes[dashes...], as: UTF8.self)
}
