/// Where a container's output is kept and how much of it: a log driver with its options, checked.
public struct LogConfiguration: Equatable, Sendable {
    /// "json-file" or "none".
    public let driver: String
    /// Bytes after which a file is rotated; nil: never.
    public let maximumSize: Int?
    /// Files kept, the current one counted.
    public let maximumFiles: Int
    /// Names of labels whose values go into every record.
    public let labels: [String]
    /// Names of environment variables whose values go into every record.
    public let environment: [String]
    /// The template of a tag that goes into every record; empty: none.
    public let tag: String

    /// Checks a driver and its options. An empty driver means json-file.
    public init(driver: String, options: [String: String]) throws(LogError) {
        self.driver = driver.isEmpty ? "json-file" : driver
        let options = try Self.withoutMode(options)
        switch self.driver {
        case "none":
            (maximumSize, maximumFiles, labels, environment, tag) = (nil, 1, [], [], "")
            return
        case "json-file": break
        case "local", "syslog", "journald", "gelf", "fluentd", "awslogs", "splunk", "etwlogs", "gcplogs", "logentries":
            throw LogError("log driver \(driver) is not supported: use json-file or none", status: 501)
        default: throw LogError("logger: no log driver named '\(driver)' is registered")
        }
        for name in options.keys.sorted() where !Self.known.contains(name) {
            throw LogError("unknown log opt '\(name)' for json-file log driver")
        }
        for name in ["labels-regex", "env-regex"] where !(options[name] ?? "").isEmpty {
            throw LogError("log opt '\(name)' is not supported", status: 501)
        }
        maximumSize = try Self.size(options["max-size"])
        maximumFiles = try Self.files(options["max-file"])
        if let text = options["compress"], try Self.bool(text) {
            guard maximumFiles > 1, maximumSize != nil else {
                throw LogError("compress cannot be true when max-file is less than 2 or max-size is not set")
            }
            throw LogError("log opt 'compress' is not supported", status: 501)
        }
        labels = Self.names(options["labels"])
        environment = Self.names(options["env"])
        tag = options["tag"] ?? ""
    }

    private static let known: Set<String> = [
        "max-file", "max-size", "compress", "labels", "labels-regex", "env", "env-regex", "tag",
    ]

    private static func withoutMode(_ options: [String: String]) throws(LogError) -> [String: String] {
        var rest = options
        switch rest.removeValue(forKey: "mode") ?? "" {
        case "", "blocking": break
        case "non-blocking": throw LogError("logger: logging mode non-blocking is not supported", status: 501)
        case let mode: throw LogError("logger: logging mode not supported: \(mode)")
        }
        if rest.removeValue(forKey: "max-buffer-size") != nil {
            throw LogError("logger: max-buffer-size option is only supported with 'mode=non-blocking'")
        }
        return rest
    }

    private static func names(_ text: String?) -> [String] { (text ?? "").split(separator: ",").map { String($0) } }

    /// As units.FromHumanSize reads it: a decimal number and a decimal unit.
    private static func size(_ text: String?) throws(LogError) -> Int? {
        guard let text else { return nil }
        let bytes = Array(text.utf8)
        let digits = bytes.prefix { ($0 >= 48 && $0 <= 57) || $0 == 46 }
        let unit = String(decoding: bytes.dropFirst(digits.count), as: UTF8.self).lowercased().filter { $0 != " " }
        let powers: [String: Double] = ["k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12, "p": 1e15]
        var short = unit.hasSuffix("b") ? String(unit.dropLast()) : unit
        if short.hasSuffix("i") { short = String(short.dropLast()) }
        let factor = short.isEmpty ? 1 : powers[short]
        guard let number = Double(String(decoding: digits, as: UTF8.self)), let factor, number * factor < 9e18 else {
            throw LogError("invalid size: '\(text)'")
        }
        guard number * factor >= 1 else { throw LogError("max-size must be a positive number") }
        return Int(number * factor)
    }

    private static func files(_ text: String?) throws(LogError) -> Int {
        guard let text else { return 1 }
        guard let count = Int(text) else { throw LogError("strconv.Atoi: parsing \"\(text)\": invalid syntax") }
        guard count >= 1 else { throw LogError("max-file cannot be less than 1") }
        return count
    }

    private static func bool(_ text: String) throws(LogError) -> Bool {
        switch text {
        case "1", "t", "T", "true", "TRUE", "True": return true
        case "0", "f", "F", "false", "FALSE", "False": return false
        default: throw LogError("strconv.ParseBool: parsing \"\(text)\": invalid syntax")
        }
    }
}

/// What of a container its log records may carry.
public struct LogSubject: Sendable {
    public var id: String
    /// Without the leading slash.
    public var name: String
    public var imageID: String
    public var imageName: String
    public var labels: [String: String]
    /// NAME=value.
    public var environment: [String]

    public init(
        id: String, name: String, imageID: String = "", imageName: String = "", labels: [String: String] = [:],
        environment: [String] = []
    ) {
        self.id = id
        self.name = name
        self.imageID = imageID
        self.imageName = imageName
        self.labels = labels
        self.environment = environment
    }
}

extension LogConfiguration {
    /// The attributes of every record, by name.
    func attributes(of subject: LogSubject) throws(LogError) -> [String: String] {
        var found: [String: String] = [:]
        for name in labels { found[name] = subject.labels[name] }
        for entry in subject.environment {
            let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2, environment.contains(String(parts[0])) { found[String(parts[0])] = String(parts[1]) }
        }
        if !tag.isEmpty { found["tag"] = try expanded(tag, subject) }
        return found
    }

    /// A tag's template: text and the fields that Docker documents for tags.
    private func expanded(_ template: String, _ subject: LogSubject) throws(LogError) -> String {
        var out = ""
        var rest = template[...]
        while let open = rest.firstIndex(of: "{"), rest[open...].hasPrefix("{{") {
            out += rest[..<open]
            guard let close = rest[open...].firstIndex(of: "}"), rest[close...].hasPrefix("}}") else { break }
            let inside = rest[rest.index(open, offsetBy: 2)..<close].filter { $0 != " " }
            switch inside {
            case ".ID": out += subject.id.prefix(12)
            case ".FullID": out += subject.id
            case ".Name": out += subject.name
            case ".ImageID": out += subject.imageID.split(separator: ":").last?.prefix(12) ?? ""
            case ".ImageFullID": out += subject.imageID
            case ".ImageName": out += subject.imageName
            case ".DaemonName": out += "docker"
            default: throw LogError("log opt 'tag': {{\(inside)}} is not supported", status: 501)
            }
            rest = rest[rest.index(close, offsetBy: 2)...]
        }
        return out + rest
    }
}
