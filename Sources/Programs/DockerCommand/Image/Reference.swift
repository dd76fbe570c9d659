internal import Flags

/// An image's name with its registry spelled out: `docker.io/library/busybox`, tag and digest.
struct ImageReference: Equatable {
    var domain: String
    var path: String
    var tag: String?
    var digest: String?

    /// Parses what a user writes. Throws the words of the reference grammar.
    init(_ text: String) throws(CommandFailure) {
        if text.utf8.count == 64 && text.utf8.allSatisfy({ isHex($0) }) {
            throw CommandFailure(
                "invalid repository name (" + text + "), cannot specify 64-byte hexadecimal strings")
        }
        var rest = text
        let (beforeDigest, digest) = splitOnce(rest, at: UInt8(ascii: "@"))
        if let digest {
            guard Self.isDigest(digest) else { throw CommandFailure("invalid reference format") }
            self.digest = digest
            rest = beforeDigest
        }
        let (name, tag) = splitTag(rest)
        if let tag {
            guard Self.isTag(tag) else { throw CommandFailure("invalid reference format") }
            self.tag = tag
        }
        let (first, after) = splitOnce(name, at: UInt8(ascii: "/"))
        if let after, first.contains(".") || first.contains(":") || first == "localhost" || first.lowercased() != first
        {
            domain = first == "index.docker.io" ? "docker.io" : first
            path = after
        } else {
            domain = "docker.io"
            path = name
        }
        if domain == "docker.io" && !path.contains("/") { path = "library/" + path }
        let repository = splitOnce(path, at: UInt8(ascii: ":")).0
        if repository.lowercased() != repository {
            throw CommandFailure("invalid reference format: repository name (" + repository + ") must be lowercase")
        }
        guard Self.isPath(path), Self.isDomain(domain) else { throw CommandFailure("invalid reference format") }
    }

    /// With the registry: what the API takes.
    var fullName: String { domain + "/" + path }

    /// As short as it can be written.
    var familiarName: String {
        if domain != "docker.io" { return fullName }
        return path.hasPrefix("library/") ? String(path.dropFirst(8)) : path
    }

    var familiar: String { familiarName + (tag.map { ":" + $0 } ?? "") + (digest.map { "@" + $0 } ?? "") }

    /// With `latest` where there is neither tag nor digest.
    var tagged: ImageReference {
        var copy = self
        if tag == nil && digest == nil { copy.tag = "latest" }
        return copy
    }

    /// The key of the registry's credentials.
    var server: String { domain == "docker.io" ? "https://index.docker.io/v1/" : domain }

    private static func isTag(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, bytes.count <= 128, isWord(first) else { return false }
        return bytes.allSatisfy { isWord($0) || $0 == 46 || $0 == 45 }
    }

    private static func isDigest(_ text: String) -> Bool {
        let (algorithm, hex) = splitOnce(text, at: UInt8(ascii: ":"))
        guard let hex, !algorithm.isEmpty, hex.utf8.count >= 32 else { return false }
        return hex.utf8.allSatisfy { isHex($0) }
    }

    /// Lower-case components separated by slashes; inside, letters and digits joined by one dot, one or two
    /// underscores, or dashes.
    private static func isPath(_ text: String) -> Bool {
        for component in text.split(separator: "/", omittingEmptySubsequences: false) {
            let bytes = Array(component.utf8)
            guard let first = bytes.first, let last = bytes.last, isAlphanumeric(first), isAlphanumeric(last) else {
                return false
            }
            var separator: [UInt8] = []
            for byte in bytes {
                if isAlphanumeric(byte) {
                    let joined =
                        separator.isEmpty || separator == [46] || separator == [95] || separator == [95, 95]
                        || separator.allSatisfy { $0 == 45 }
                    if !joined { return false }
                    separator = []
                } else if byte == 46 || byte == 95 || byte == 45 {
                    separator.append(byte)
                } else {
                    return false
                }
            }
        }
        return text.utf8.count <= 255
    }

    private static func isDomain(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { isWord($0) || [46, 45, 58, 91, 93].contains($0) }
    }
}

private func isAlphanumeric(_ byte: UInt8) -> Bool { (byte >= 48 && byte <= 57) || (byte >= 97 && byte <= 122) }
private func isHex(_ byte: UInt8) -> Bool { (byte >= 48 && byte <= 57) || (byte >= 97 && byte <= 102) }
private func isWord(_ byte: UInt8) -> Bool { isAlphanumeric(byte) || (byte >= 65 && byte <= 90) || byte == 95 }
