internal import Flags
internal import GoText
internal import HTTPClient
internal import JSON
internal import Linux

/// A rate or weight for one device.
struct DeviceLimit: Equatable {
    enum Kind { case weight, bytes, operations }

    let path: String
    let value: Int64
    let kind: Kind

    init(_ text: String, _ kind: Kind) throws(UsageError) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map { String($0) }
        guard parts.count == 2, !parts[0].isEmpty else { throw UsageError("bad format: " + text) }
        guard parts[0].hasPrefix("/dev/") else { throw UsageError("bad format for device path: " + text) }
        path = parts[0]
        self.kind = kind
        switch kind {
        case .weight:
            guard let weight = Int64(parts[1]) else { throw UsageError("invalid weight for device: " + text) }
            guard weight == 0 || (10...1000).contains(weight) else {
                throw UsageError("invalid weight for device: " + text)
            }
            value = weight
        case .bytes:
            guard let rate = Human.parseBytes(parts[1]) else {
                throw UsageError(
                    "invalid rate for device: " + text + ". The correct format is <device-path>:<number>[<unit>]."
                        + " Number must be a positive integer. Unit is optional and can be kb, mb, or gb")
            }
            value = rate
        case .operations:
            guard let rate = Int64(parts[1]), rate >= 0 else {
                throw UsageError(
                    "invalid rate for device: " + text
                        + ". The correct format is <device-path>:<number>. Number must be a positive integer")
            }
            value = rate
        }
    }

    var json: JSON { .members([("Path", .string(path)), (kind == .weight ? "Weight" : "Rate", .int(value))]) }
}

/// A resource limit of the process.
struct Ulimit: Equatable {
    let name: String
    let hard: Int64
    let soft: Int64

    private static let names = [
        "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio",
        "rttime",
        "sigpending", "stack",
    ]

    init(_ text: String) throws(UsageError) {
        let (name, values) = splitOnce(text, at: UInt8(ascii: "="))
        guard let values else { throw UsageError("invalid ulimit argument: " + text) }
        guard Self.names.contains(name) else { throw UsageError("invalid ulimit type: " + name) }
        self.name = name
        let limits = values.split(separator: ":", omittingEmptySubsequences: false).map { String($0) }
        guard limits.count <= 2 else {
            throw UsageError("too many limit value arguments - " + values + ", can only have up to two, `soft[:hard]`")
        }
        var numbers: [Int64] = []
        for limit in limits {
            guard let number = Int64(limit) else {
                throw UsageError("strconv.ParseInt: parsing " + goQuoted(limit) + ": invalid syntax")
            }
            numbers.append(number)
        }
        soft = numbers[0]
        hard = numbers.count > 1 ? numbers[1] : soft
        if soft > hard && hard != -1 || soft == -1 && hard != -1 {
            throw UsageError("ulimit soft limit must be less than or equal to hard limit: \(soft) > \(hard)")
        }
    }

    var json: JSON { .members([("Name", .string(name)), ("Hard", .int(hard)), ("Soft", .int(soft))]) }
}

/// Devices asked for by capability.
struct DeviceRequest: Equatable {
    var driver = ""
    var count = 0
    var ids: [String] = []
    var capabilities: [String] = []
    var options: [String] = []

    /// `--gpus`: `all`, a number, or `device=…,capabilities=…`.
    init(gpus text: String) throws(UsageError) {
        if text.isEmpty { throw UsageError("EOF") }
        var seen: Set<String> = []
        for field in commaSeparated(text) {
            let (name, given) = splitOnce(field, at: UInt8(ascii: "="))
            let key = given == nil ? "count" : name
            let value = given ?? name
            guard seen.insert(key).inserted else {
                throw UsageError("gpu request key '" + key + "' can be specified only once")
            }
            switch key {
            case "driver": driver = value
            case "count":
                guard value == "all" || Int(value) != nil else {
                    throw UsageError(
                        "invalid count (" + value
                            + "): value must be either \"all\" or an integer: invalid syntax")
                }
                count = value == "all" ? -1 : Int(value) ?? 0
            case "device": ids = value.split(separator: ",").map { String($0) }
            case "capabilities": capabilities = value.split(separator: ",").map { String($0) } + ["gpu"]
            case "options": options = value.split(separator: ",").map { String($0) }
            default: throw UsageError("unexpected key '" + key + "' in '" + field + "'")
            }
        }
        if !seen.contains("count") && ids.isEmpty { count = 1 }
        if capabilities.isEmpty { capabilities = ["gpu"] }
    }

    /// A device of the Container Device Interface, by its whole name.
    init(interface name: String) {
        driver = "cdi"
        ids = [name]
    }

    var json: JSON {
        .members([
            ("Driver", .string(driver)), ("Count", .int(count)), ("DeviceIDs", ids.isEmpty ? .null : .strings(ids)),
            ("Capabilities", capabilities.isEmpty ? .null : .array([.strings(capabilities)])),
            ("Options", driver == "cdi" ? .null : textMap(pairs(options))),
        ])
    }
}

/// A network that a container is attached to: a name, or `name=…,alias=…`.
struct NetworkAttachment: Equatable {
    var target = ""
    var aliases: [String] = []
    var driverOptions: [String] = []
    var ipv4 = ""
    var ipv6 = ""
    var macAddress = ""
    var linkLocal: [String] = []
    var links: [String] = []
    var gatewayPriority = 0

    init(target: String) { self.target = target }

    init(_ text: String) throws(UsageError) {
        guard text.contains("=") else {
            target = text
            return
        }
        for field in commaSeparated(text) {
            let (name, value) = splitOnce(field, at: UInt8(ascii: "="))
            guard let value, !value.isEmpty else { throw UsageError("invalid field " + field) }
            switch name.lowercased() {
            case "name": target = value
            case "alias": aliases.append(value)
            case "driver-opt":
                let (option, setting) = splitOnce(value, at: UInt8(ascii: "="))
                guard setting != nil, !option.isEmpty else {
                    throw UsageError("invalid key value pair format in driver options")
                }
                driverOptions.append(value)
            case "ip": ipv4 = value
            case "ip6": ipv6 = value
            case "mac-address": macAddress = value
            case "link-local-ip": linkLocal.append(value)
            case "gw-priority":
                guard let number = Int(value) else {
                    throw UsageError("invalid gw-priority (" + value + "): invalid syntax")
                }
                gatewayPriority = number
            default: throw UsageError("invalid field key " + name.lowercased())
            }
        }
        if target.isEmpty { throw UsageError("network name/id is not specified") }
    }

    /// Whether it is a network that a user made, and not a mode.
    var isUserDefined: Bool {
        !["default", "bridge", "host", "none"].contains(target) && !target.hasPrefix("container:")
    }

    var endpoint: EndpointRequest {
        var request = EndpointRequest()
        request.aliases = aliases
        request.driverOptions = pairs(driverOptions)
        request.ipv4 = ipv4
        request.ipv6 = ipv6
        request.macAddress = macAddress
        request.linkLocal = linkLocal
        request.links = links
        request.gatewayPriority = gatewayPriority
        return request
    }
}

func isMACAddress(_ text: String) -> Bool {
    let parts = text.split(separator: text.contains("-") ? "-" : ":", omittingEmptySubsequences: false)
    return [6, 8, 20].contains(parts.count) && parts.allSatisfy { $0.utf8.count == 2 && UInt8($0, radix: 16) != nil }
}

/// `name:address` as the API wants it; `=` is taken for the colon.
func checkedHost(_ text: String) throws(UsageError) -> String {
    let bytes = Array(text.utf8)
    let separator = bytes.firstIndex(of: UInt8(ascii: "=")) ?? bytes.firstIndex(of: UInt8(ascii: ":"))
    guard let separator, separator > 0 else { throw UsageError("bad format for add-host: \"" + text + "\"") }
    let name = String(decoding: bytes[0..<separator], as: UTF8.self)
    var address = String(decoding: bytes[(separator + 1)...], as: UTF8.self)
    if address.hasPrefix("[") && address.hasSuffix("]") { address = String(address.dropFirst().dropLast()) }
    if address != "host-gateway" && addressBytes(address) == nil {
        throw UsageError("invalid IP address in add-host: \"" + address + "\"")
    }
    return name + ":" + address
}

/// A domain to search names in; a dot alone is none at all.
func checkedDomain(_ text: String) throws(UsageError) -> String {
    let domain = String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    if domain == "." { return domain }
    let name = domain.hasSuffix(".") ? domain.dropLast() : domain[...]
    func isLetter(_ byte: UInt8) -> Bool { (byte | 32 >= 97 && byte | 32 <= 122) }
    func isPlain(_ byte: UInt8) -> Bool { isLetter(byte) || (byte >= 48 && byte <= 57) }
    let isDomain = name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
        guard let first = label.utf8.first, let last = label.utf8.last else { return false }
        return isPlain(first) && isPlain(last) && label.utf8.allSatisfy { isPlain($0) || $0 == UInt8(ascii: "-") }
    }
    guard isDomain, name.utf8.contains(where: isLetter) else { throw UsageError(domain + " is not a valid domain") }
    return domain
}

/// `type major:minor permissions`.
func isDeviceRule(_ text: String) -> Bool {
    let parts = text.split(separator: " ", omittingEmptySubsequences: false)
    guard parts.count == 3, ["a", "b", "c"].contains(String(parts[0])) else { return false }
    let numbers = parts[1].split(separator: ":", omittingEmptySubsequences: false)
    func isNumber(_ text: Substring) -> Bool { text == "*" || UInt32(text) != nil }
    return numbers.count == 2 && isNumber(numbers[0]) && isNumber(numbers[1]) && !parts[2].isEmpty
        && parts[2].utf8.count <= 3
        && parts[2].allSatisfy { "rwm".contains($0) }
}

/// Whether the kernel keeps a sysctl per namespace.
func isNamespacedSysctl(_ name: String) -> Bool {
    let known = [
        "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem", "kernel.shmall", "kernel.shmmax",
        "kernel.shmmni",
        "kernel.shm_rmid_forced", "kernel.domainname", "kernel.hostname",
    ]
    return known.contains(name) || name.hasPrefix("net.") || name.hasPrefix("fs.mqueue.")
}

extension Flag where Value == [String] {
    /// Adds what an older name of the flag was given.
    func append(_ text: String) { setValue(value + [text]) }
}

extension Flag where Value == [NetworkAttachment] {
    func append(_ attachment: NetworkAttachment) { setValue(value + [attachment]) }
}

func parseUInt16(_ text: String, _ old: Int) throws(UsageError) -> Int {
    guard let number = parseInt(text), number >= 0 else {
        throw UsageError("strconv.ParseUint: parsing " + goQuoted(text) + ": invalid syntax")
    }
    guard number < 65536 else {
        throw UsageError("strconv.ParseUint: parsing " + goQuoted(text) + ": value out of range")
    }
    return number
}

extension FlagSet {
    /// A size in bytes.
    func bytes(_ name: String, _ short: String? = nil, usage: String, allowsUnlimited: Bool = false) -> Flag<Int64> {
        func parse(_ text: String, _ old: Int64) throws(UsageError) -> Int64 {
            if allowsUnlimited && text == "-1" { return -1 }
            guard let size = Human.parseBytes(text) else { throw UsageError(Human.sizeFault(text)) }
            return size
        }
        if let short { return value(name, short, usage: usage, type: "bytes", default: 0, parse: parse) }
        return value(name, usage: usage, type: "bytes", default: 0, parse: parse)
    }

    /// A Go duration, in nanoseconds.
    func duration(_ name: String, usage: String) -> Flag<Int64> {
        value(name, usage: usage + " (default 0s)", type: "duration", default: 0) { (text, _) throws(UsageError) in
            guard let span = GoDuration.parse(text) else { throw UsageError(GoDuration.fault(text)) }
            return span
        }
    }

    /// A number of processors, in billionths.
    func cpus(_ usage: String) -> Flag<Int64> {
        value("cpus", usage: usage, type: "decimal", default: 0) { (text, _) throws(UsageError) in
            let (above, below) = splitOnce(text, at: UInt8(ascii: "/"))
            let ratio = below.flatMap { Int($0) }.flatMap { $0 == 0 ? nil : Double(Int(above) ?? 0) / Double($0) }
            guard let number = Double(text) ?? (Int(above) == nil ? nil : ratio) else {
                throw UsageError("failed to parse " + text + " as a rational number")
            }
            let fraction = text.split(separator: ".", omittingEmptySubsequences: false).dropFirst().first ?? ""
            if fraction.utf8.count > 9 { throw UsageError("value is too precise") }
            return Int64((number * 1e9).rounded())
        }
    }

    func deviceLimits(_ name: String, _ usage: String, _ kind: DeviceLimit.Kind) -> Flag<[DeviceLimit]> {
        value(name, usage: usage, type: "list", default: [], defaultText: "[]") { (text, old) throws(UsageError) in
            old + [try DeviceLimit(text, kind)]
        }
    }

    func ulimits(_ usage: String) -> Flag<[Ulimit]> {
        value("ulimit", usage: usage, type: "ulimit", default: [], defaultText: "[]") {
            (text, old) throws(UsageError) in
            let limit = try Ulimit(text)
            return old.filter { $0.name != limit.name } + [limit]
        }
    }

    /// `-e`: a variable, or the name of one to pass on.
    func environment(_ usage: String) -> Flag<[String]> {
        value("env", "e", usage: usage, type: "list", default: []) { (text, old) throws(UsageError) in
            let (name, value) = splitOnce(text, at: UInt8(ascii: "="))
            if name.isEmpty { throw UsageError("invalid environment variable: " + text) }
            if value != nil { return old + [text] }
            return old + [Process.environment(name).map { name + "=" + $0 } ?? text]
        }
    }
}
