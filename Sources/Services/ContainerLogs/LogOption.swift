public import EngineAPI

extension LogConfiguration {
    /// Checks what a container asks for when it is made: the driver's name and the names of its options. Their values
    /// are looked at when it starts.
    public static func validate(driver: String, options: [String: String]) throws(EngineError) {
        let driver = driver.isEmpty ? "json-file" : driver
        guard driver != "none" else { return }
        guard known[driver] != nil || foreign.contains(driver) else {
            throw .invalid("error looking up logging plugin \(driver): plugin \"\(driver)\" not found")
        }
        let mode = options["mode"] ?? ""
        guard ["", "blocking", "non-blocking"].contains(mode) else {
            throw .invalid("logger: logging mode not supported: \(mode)")
        }
        if let size = options["max-buffer-size"] {
            guard mode == "non-blocking" else {
                throw .invalid("logger: max-buffer-size option is only supported with 'mode=non-blocking'")
            }
            _ = try LogOption.binary(size, "error parsing option max-buffer-size: ")
        }
        if let text = options["cache-disabled"], !text.isEmpty, LogOption.flag(text) == nil {
            throw .invalid("invalid value for option cache-disabled: \(text)")
        }
        guard let names = known[driver] else {
            throw .unsupported("log driver \(driver) is not supported: use json-file, local or none")
        }
        for name in options.keys.sorted() where !names.contains(name) && !common.contains(name) {
            let place = driver == "local" ? "log driver local" : "\(driver) log driver"
            throw .invalid("unknown log opt '\(name)' for \(place)")
        }
    }

    private static let known: [String: Set<String>] = [
        "json-file": ["max-file", "max-size", "compress", "labels", "labels-regex", "env", "env-regex", "tag"],
        "local": ["max-file", "max-size", "compress"],
    ]
    /// Options of every driver; those of the cache concern drivers that cannot be read.
    private static let common: Set<String> = [
        "mode", "max-buffer-size", "cache-disabled", "cache-max-file", "cache-max-size", "cache-compress",
    ]
    /// Upstream's drivers that this daemon has not.
    private static let foreign: Set<String> = [
        "syslog", "journald", "gelf", "fluentd", "awslogs", "splunk", "gcplogs", "logentries",
    ]
}

/// Values of log options as Go's packages read them. `prefix` stands before the error's words.
enum LogOption {
    /// units.FromHumanSize: "10k" is 10 000.
    static func decimal(_ text: String, _ prefix: String = "") throws(EngineError) -> Int {
        try size(text, 1000, prefix)
    }

    /// units.RAMInBytes: "4k" is 4096.
    static func binary(_ text: String, _ prefix: String = "") throws(EngineError) -> Int {
        try size(text, 1024, prefix)
    }

    private static func size(_ text: String, _ base: Double, _ prefix: String) throws(EngineError) -> Int {
        let bytes = Array(text.utf8)
        let digits = bytes.prefix { ($0 >= 48 && $0 <= 57) || $0 == 46 }
        var unit = String(decoding: bytes.dropFirst(digits.count), as: UTF8.self).lowercased()
        if unit.hasPrefix(" ") { unit.removeFirst() }
        if unit.hasSuffix("b") { unit.removeLast() }
        if unit.count == 2 && unit.hasSuffix("i") { unit.removeLast() }
        let powers = ["": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5]
        guard let number = Double(String(decoding: digits, as: UTF8.self)), let power = powers[unit] else {
            throw EngineError(prefix.isEmpty ? 500 : 400, "\(prefix)invalid size: '\(text)'")
        }
        let value = (0..<power).reduce(number) { value, _ in value * base }
        guard value < 9e18 else { throw .failed("\(prefix)invalid size: '\(text)'") }
        return Int(value)
    }

    /// strconv.Atoi.
    static func integer(_ text: String, _ prefix: String = "") throws(EngineError) -> Int {
        guard let number = Int(text) else {
            throw EngineError(prefix.isEmpty ? 500 : 400, "\(prefix)strconv.Atoi: parsing \"\(text)\": invalid syntax")
        }
        return number
    }

    /// strconv.ParseBool.
    static func bool(_ text: String, _ prefix: String = "") throws(EngineError) -> Bool {
        guard let value = flag(text) else {
            throw EngineError(
                prefix.isEmpty ? 500 : 400, "\(prefix)strconv.ParseBool: parsing \"\(text)\": invalid syntax")
        }
        return value
    }

    static func flag(_ text: String) -> Bool? {
        switch text {
        case "1", "t", "T", "true", "TRUE", "True": true
        case "0", "f", "F", "false", "FALSE", "False": false
        default: nil
        }
    }
}
