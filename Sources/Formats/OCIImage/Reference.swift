/// A name that could be no image reference, in the words of Docker's reference package.
public struct ReferenceError: Error, Equatable, Sendable, CustomStringConvertible {
    public let message: String
    public var description: String { message }

    static let format = ReferenceError(message: "invalid reference format")
}

/// The name of an image: domain, path, and a tag or digest or both. "busybox" means "docker.io/library/busybox".
public struct ImageReference: Hashable, Sendable, CustomStringConvertible {
    /// The registry, a port included: "docker.io".
    public let domain: String
    /// The repository in it: "library/busybox".
    public let path: String
    public let tag: String?
    /// "sha256:…".
    public let digest: String?

    public init(domain: String, path: String, tag: String? = nil, digest: String? = nil) {
        self.domain = domain
        self.path = path
        self.tag = tag
        self.digest = digest
    }

    /// Reads a name as people write it.
    public init(_ text: String) throws(ReferenceError) {
        if Self.isHex64(text) {
            throw ReferenceError(
                message: "invalid repository name (\(text)), cannot specify 64-byte hexadecimal strings")
        }
        var rest = text[...]
        var digest: String?
        if let at = rest.firstIndex(of: "@") {
            digest = String(rest[rest.index(after: at)...])
            guard Self.isDigest(digest ?? "") else { throw ReferenceError.format }
            rest = rest[..<at]
        }
        var tag: String?
        if let colon = rest.lastIndex(of: ":"), !rest[colon...].utf8.contains(UInt8(ascii: "/")) {
            tag = String(rest[rest.index(after: colon)...])
            rest = rest[..<colon]
        }
        let (domain, path) = Self.split(String(rest))
        if path.lowercased() != path {
            throw ReferenceError(message: "invalid reference format: repository name must be lowercase")
        }
        if let tag, !Self.isTag(tag) { throw ReferenceError.format }
        guard Self.isDomain(domain), Self.isPath(path) else { throw ReferenceError.format }
        guard domain.utf8.count + 1 + path.utf8.count <= 255 else {
            throw ReferenceError(message: "repository name must not be more than 255 characters")
        }
        self.init(domain: domain, path: path, tag: tag, digest: digest)
    }

    /// "docker.io/library/busybox".
    public var name: String { domain + "/" + path }

    /// The whole name: "docker.io/library/busybox:latest".
    public var description: String { name + (tag.map { ":" + $0 } ?? "") + (digest.map { "@" + $0 } ?? "") }

    /// The name as people write it, without tag and digest: "busybox".
    public var familiarName: String {
        guard domain == "docker.io" else { return name }
        let prefix = "library/"
        if path.hasPrefix(prefix), !path.dropFirst(prefix.utf8.count).utf8.contains(UInt8(ascii: "/")) {
            return String(path.dropFirst(prefix.utf8.count))
        }
        return path
    }

    /// The name as people write it: "busybox:latest".
    public var familiar: String { familiarName + (tag.map { ":" + $0 } ?? "") + (digest.map { "@" + $0 } ?? "") }

    /// With the tag "latest" where there is neither tag nor digest.
    public var withDefaultTag: ImageReference { tag == nil && digest == nil ? with(tag: "latest") : self }

    /// The same repository under a tag, without a digest.
    public func with(tag: String) -> ImageReference { ImageReference(domain: domain, path: path, tag: tag) }

    /// The same repository by digest.
    public func with(digest: String) -> ImageReference { ImageReference(domain: domain, path: path, digest: digest) }

    /// A first part with a dot or a port, or "localhost", is a registry; everything else is on Docker Hub.
    private static func split(_ name: String) -> (domain: String, path: String) {
        var domain = "docker.io"
        var path = name
        if let slash = name.firstIndex(of: "/") {
            let first = name[..<slash]
            if first.utf8.contains(UInt8(ascii: ".")) || first.utf8.contains(UInt8(ascii: ":")) || first == "localhost"
            {
                domain = String(first)
                path = String(name[name.index(after: slash)...])
            }
        }
        if domain == "index.docker.io" { domain = "docker.io" }
        if domain == "docker.io" && !path.utf8.contains(UInt8(ascii: "/")) { path = "library/" + path }
        return (domain, path)
    }
}

// The grammar of the parts.
extension ImageReference {
    private static func isLetter(_ byte: UInt8) -> Bool { isLower(byte) || (byte >= 65 && byte <= 90) }
    private static func isLower(_ byte: UInt8) -> Bool { byte >= 97 && byte <= 122 }
    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 48 && byte <= 57 }
    private static func isHexDigit(_ byte: UInt8) -> Bool { isDigit(byte) || (byte >= 97 && byte <= 102) }

    static func isHex64(_ text: String) -> Bool { text.utf8.count == 64 && text.utf8.allSatisfy(isHexDigit) }

    /// Whether text is a tag: a letter, digit or underscore, then up to 127 of these, dots and hyphens.
    public static func isTag(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 128 else { return false }
        func isWord(_ byte: UInt8) -> Bool { isLetter(byte) || isDigit(byte) || byte == 95 }
        return isWord(first) && text.utf8.allSatisfy { isWord($0) || $0 == 46 || $0 == 45 }
    }

    /// Whether text is a digest: an algorithm, a colon, 32 or more hexadecimal digits (64 for sha256).
    public static func isDigest(_ text: String) -> Bool {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let first = parts[0].utf8.first, isLetter(first) else { return false }
        guard parts[1].utf8.count >= 32, parts[1].utf8.allSatisfy(isHexDigit) else { return false }
        return parts[0] != "sha256" || parts[1].utf8.count == 64
    }

    private static func isDomain(_ text: String) -> Bool {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 2, let host = parts.first else { return false }
        if parts.count == 2 && (parts[1].isEmpty || !parts[1].utf8.allSatisfy(isDigit)) { return false }
        return host.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            guard let first = label.utf8.first, let last = label.utf8.last, first != 45, last != 45 else {
                return false
            }
            return label.utf8.allSatisfy { isLetter($0) || isDigit($0) || $0 == 45 }
        }
    }

    private static func isPath(_ text: String) -> Bool {
        text.split(separator: "/", omittingEmptySubsequences: false).allSatisfy(isPathComponent)
    }

    /// Lower-case letters and digits, separated by one dot, one or two underscores, or any number of hyphens.
    private static func isPathComponent(_ text: Substring) -> Bool {
        var separator: [UInt8] = []
        var seen = false
        for byte in text.utf8 {
            if isLower(byte) || isDigit(byte) {
                let good = separator.isEmpty || separator == [46] || separator == [95] || separator == [95, 95]
                guard good || separator.allSatisfy({ $0 == 45 }), seen || separator.isEmpty else { return false }
                separator = []
                seen = true
            } else if byte == 46 || byte == 95 || byte == 45 {
                separator.append(byte)
            } else {
                return false
            }
        }
        return seen && separator.isEmpty
    }
}
