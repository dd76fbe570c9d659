internal import Flags
internal import JSON
internal import Linux

/// What `-v` asks for: binds, and anonymous volumes.
struct VolumeRequests {
    private(set) var binds: [String] = []
    private(set) var anonymous: [String] = []

    init(_ texts: [String]) throws {
        for text in Self.unique(texts) {
            if text.isEmpty { throw CommandFailure("invalid empty volume spec") }
            let parts = Self.split(text)
            if parts.contains("") {
                throw CommandFailure("invalid spec: " + text + ": empty section between colons")
            }
            guard parts.count > 1 else {
                anonymous.append(text)
                continue
            }
            if parts.count > 3 { throw CommandFailure("invalid spec: " + text + ": too many colons") }
            let source = parts[0]
            if source == "." || source == ".." || source.hasPrefix("./") || source.hasPrefix("../") {
                binds.append(try Files.absolute(source) + text.dropFirst(source.count))
            } else {
                binds.append(text)
            }
        }
        anonymous.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private static func unique(_ texts: [String]) -> [String] {
        var seen: Set<String> = []
        return texts.filter { seen.insert($0).inserted }
    }

    /// Sections between colons. A single letter before a colon is a drive of another system and no section.
    private static func split(_ text: String) -> [String] {
        var parts: [String] = []
        for part in text.split(separator: ":", omittingEmptySubsequences: false) {
            if let last = parts.last, last.utf8.count == 1, last.first?.isLetter == true, !last.contains(":") {
                parts[parts.count - 1] = last + ":" + part
            } else {
                parts.append(String(part))
            }
        }
        return parts
    }
}

/// What `--device` asks for: paths, and names of the Container Device Interface.
struct DeviceRequests {
    private(set) var mappings: [JSON] = []
    private(set) var interfaces: [String] = []

    init(_ texts: [String]) throws(CommandFailure) {
        for text in texts {
            if Self.isInterfaceName(text) {
                interfaces.append(text)
                continue
            }
            let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { String($0) }
            guard parts.count <= 3, !parts[0].isEmpty else { throw CommandFailure("bad format for path: " + text) }
            var inside = parts[0]
            var permissions = "rwm"
            if parts.count > 1 { if Self.isMode(parts[1]) { permissions = parts[1] } else { inside = parts[1] } }
            if parts.count > 2 {
                guard Self.isMode(parts[2]) else { throw CommandFailure("bad mode specified: " + parts[2]) }
                inside = parts[1]
                permissions = parts[2]
            }
            if !inside.hasPrefix("/") { throw CommandFailure(inside + " is not an absolute path") }
            mappings.append(
                .members([
                    ("PathOnHost", .string(parts[0])), ("PathInContainer", .string(inside)),
                    ("CgroupPermissions", .string(permissions)),
                ]))
        }
    }

    private static func isMode(_ text: String) -> Bool {
        var left: Set<Character> = ["r", "w", "m"]
        return !text.isEmpty && text.allSatisfy { left.remove($0) != nil }
    }

    /// `vendor.com/class=name`.
    private static func isInterfaceName(_ text: String) -> Bool {
        let (kind, name) = splitOnce(text, at: UInt8(ascii: "="))
        let (vendor, group) = splitOnce(kind, at: UInt8(ascii: "/"))
        return name?.isEmpty == false && group?.isEmpty == false && !vendor.isEmpty && vendor.first?.isLetter == true
    }
}

/// What `--security-opt` asks for.
struct SecurityOptions {
    /// As the API takes them: a seccomp profile is its text.
    private(set) var options: [String] = []
    /// `systempaths=unconfined`: nothing is masked or read-only.
    private(set) var showsSystemPaths = false

    init(_ texts: [String]) throws {
        for text in texts {
            if text == "systempaths=unconfined" {
                showsSystemPaths = true
                continue
            }
            let separator: UInt8 = text.contains("=") ? UInt8(ascii: "=") : UInt8(ascii: ":")
            let (name, value) = splitOnce(text, at: separator)
            if value == nil && name != "no-new-privileges" {
                throw CommandFailure("Invalid --security-opt: \"" + text + "\"")
            }
            if name == "seccomp", let value, value != "unconfined", value != "builtin" {
                options.append(name + "=" + (try Self.profile(value)))
            } else {
                options.append(text)
            }
        }
    }

    private static func profile(_ path: String) throws -> String {
        let bytes: [UInt8]
        do throws(SystemCallError) {
            bytes = try Files.read(path)
        } catch {
            throw CommandFailure("opening seccomp profile (" + path + ") failed: " + error.description)
        }
        do throws(JSON.Failure) {
            return try JSON(parsing: bytes).text(escapingHTML: false)
        } catch {
            throw CommandFailure("compacting json for seccomp profile (" + path + ") failed: " + error.message)
        }
    }
}

/// Lines of a file of variables or labels, without comments and blank lines.
func readLines(_ path: String) throws -> [String] {
    let bytes: [UInt8]
    do throws(SystemCallError) {
        bytes = try Files.read(path)
    } catch {
        throw CommandFailure("open " + path + ": " + error.reason)
    }
    func invalid(_ why: String) -> CommandFailure { CommandFailure("invalid env file (" + path + "): " + why) }
    var lines: [String] = []
    for (index, raw) in bytes.split(separator: 10, omittingEmptySubsequences: false).enumerated() {
        guard let text = String(validating: raw, as: UTF8.self) else {
            let numbers = raw.map { String($0) }.joined(separator: " ")
            throw invalid("invalid utf8 bytes at line \(index + 1): [" + numbers + "]")
        }
        var line = text.hasSuffix("\r") ? text.dropLast() : text[...]
        line = line.drop { $0 == " " || $0 == "\t" }
        if line.isEmpty || line.hasPrefix("#") { continue }
        let name = splitOnce(String(line), at: UInt8(ascii: "=")).0
        if name.isEmpty { throw invalid("no variable name on line '" + line + "'") }
        if name.contains(" ") || name.contains("\t") {
            throw invalid("variable '" + name + "' contains whitespaces")
        }
        lines.append(String(line))
    }
    return lines
}

/// A file of environment variables. A name alone is passed on from our own environment, or dropped.
func readEnvironmentFile(_ path: String) throws -> [String] {
    try readLines(path).compactMap { line in
        if line.contains("=") { return line }
        return Process.environment(line).map { line + "=" + $0 }
    }
}
