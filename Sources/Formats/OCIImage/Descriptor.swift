public import JSON

/// What a piece of content is, how large, and its digest (OCI descriptor.md).
public struct OCIDescriptor: Equatable, Sendable {
    public var mediaType: String
    public var digest: String
    /// Bytes.
    public var size: Int
    public var urls: [String] = []
    public var annotations: [(name: String, value: String)] = []
    public var platform: OCIPlatform?

    public init(mediaType: String, digest: String, size: Int, platform: OCIPlatform? = nil) {
        self.mediaType = mediaType
        self.digest = digest
        self.size = size
        self.platform = platform
    }

    public init(json: JSON.Object) throws(JSON.Failure) {
        mediaType = try json.string("mediaType")
        digest = try json.string("digest")
        size = try json.int("size")
        urls = try json.strings("urls")
        annotations = try json.stringMap("annotations")
        platform = try json.object("platform").map { (object) throws(JSON.Failure) in try OCIPlatform(json: object) }
    }

    public var json: JSON {
        var object = JSON.Object([
            ("mediaType", .string(mediaType)), ("digest", .string(digest)), ("size", .int(size)),
        ])
        if !urls.isEmpty { object["urls"] = .strings(urls) }
        if !annotations.isEmpty { object["annotations"] = .members(annotations.map { ($0.name, .string($0.value)) }) }
        if let platform { object["platform"] = platform.json }
        return .object(object)
    }

    /// The value of one annotation.
    public func annotation(_ name: String) -> String? { annotations.first { $0.name == name }?.value }

    public static func == (left: OCIDescriptor, right: OCIDescriptor) -> Bool { left.json == right.json }
}

/// A processor and operating system (OCI image-index.md).
public struct OCIPlatform: Equatable, Sendable {
    public var os: String
    public var architecture: String
    public var variant = ""
    public var osVersion = ""
    public var osFeatures: [String] = []

    public init(os: String, architecture: String, variant: String = "") {
        self.os = os
        self.architecture = architecture
        self.variant = variant
    }

    public init(json: JSON.Object) throws(JSON.Failure) {
        os = try json.string("os")
        architecture = try json.string("architecture")
        variant = try json.string("variant")
        osVersion = try json.string("os.version")
        osFeatures = try json.strings("os.features")
    }

    /// Reads "os/architecture[/variant]", or "os" or "architecture" alone.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { $0.lowercased() }
        guard parts.count <= 3, parts.allSatisfy({ !$0.isEmpty }) else { return nil }
        let systems = ["linux", "windows", "darwin", "freebsd"]
        if parts.count == 1 {
            let isSystem = systems.contains(parts[0])
            guard isSystem || Self.architectures.contains(Self.normal(parts[0])) else { return nil }
            self.init(
                os: isSystem ? parts[0] : "linux",
                architecture: isSystem ? Self.host.architecture : Self.normal(parts[0]))
            return
        }
        self.init(os: parts[0], architecture: Self.normal(parts[1]), variant: parts.count == 3 ? parts[2] : "")
    }

    private static let architectures: Set<String> = [
        "386", "amd64", "arm", "arm64", "loong64", "mips", "mips64", "mips64le", "mipsle", "ppc64", "ppc64le",
        "riscv64",
        "s390x", "wasm",
    ]

    public var json: JSON {
        var object = JSON.Object([("architecture", .string(architecture)), ("os", .string(os))])
        if !osVersion.isEmpty { object["os.version"] = .string(osVersion) }
        if !osFeatures.isEmpty { object["os.features"] = .strings(osFeatures) }
        if !variant.isEmpty { object["variant"] = .string(variant) }
        return .object(object)
    }

    public var text: String { os + "/" + architecture + (variant.isEmpty ? "" : "/" + variant) }

    /// The platform this program was built for.
    public static var host: OCIPlatform {
        #if arch(arm64)
            OCIPlatform(os: "linux", architecture: "arm64", variant: "v8")
        #else
            OCIPlatform(os: "linux", architecture: "amd64")
        #endif
    }

    /// Whether an image for `other` runs here. arm64 without a variant means v8.
    public func matches(_ other: OCIPlatform) -> Bool {
        func filled(_ platform: OCIPlatform) -> String {
            platform.architecture == "arm64" && platform.variant.isEmpty ? "v8" : platform.variant
        }
        return os == other.os && architecture == other.architecture && filled(self) == filled(other)
    }

    private static func normal(_ architecture: String) -> String {
        switch architecture {
        case "x86_64", "x86-64": "amd64"
        case "aarch64": "arm64"
        case "i386": "386"
        default: architecture
        }
    }
}
