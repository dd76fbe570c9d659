internal import EngineAPI
internal import JSON

/// A volume as it is kept on disk: `volume.json` beside its data, and `opts.json`, upstream's own file, when it is to
/// be mounted.
struct VolumeRecord: Equatable, Sendable {
    static let anonymousLabel = "com.docker.volume.anonymous"

    var name: String
    /// RFC 3339, whole seconds.
    var createdAt: String
    var labels: [String: String]?
    var options: [String: String]?

    /// Whether its name was made up.
    var isAnonymous: Bool { labels?[VolumeRecord.anonymousLabel] != nil }

    /// What the local driver mounts on the volume; nil for a plain directory.
    var mount: MountOptions? {
        guard let options, let device = options["device"], let type = options["type"] else { return nil }
        return MountOptions(type: type, device: device, options: options["o"] ?? "")
    }

    func volume(_ mountpoint: String) -> Volume {
        var volume = Volume()
        volume.name = name
        volume.driver = "local"
        volume.mountpoint = mountpoint
        volume.createdAt = createdAt
        volume.labels = labels
        volume.options = options
        volume.scope = "local"
        return volume
    }

    var json: JSON {
        func map(_ map: [String: String]?) -> JSON {
            guard let map else { return .null }
            return .members(map.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })
        }
        return .members([
            ("name", .string(name)), ("createdAt", .string(createdAt)), ("labels", map(labels)),
            ("options", map(options)),
        ])
    }

    init(name: String, createdAt: String, labels: [String: String]? = nil, options: [String: String]? = nil) {
        self.name = name
        self.createdAt = createdAt
        self.labels = labels
        self.options = options
    }

    init(json: JSON.Object) throws(JSON.Failure) {
        self.init(name: try json.string("name"), createdAt: try json.string("createdAt"))
        labels = try VolumeRecord.map(json, "labels")
        options = try VolumeRecord.map(json, "options")
    }

    private static func map(_ json: JSON.Object, _ name: String) throws(JSON.Failure) -> [String: String]? {
        guard let member = json[name], !member.isNull else { return nil }
        var map: [String: String] = [:]
        for pair in try json.stringMap(name) { map[pair.name] = pair.value }
        return map
    }

    /// upstream's `opts.json`.
    var driverFile: JSON {
        .members([
            ("MountType", .string(options?["type"] ?? "")), ("MountOpts", .string(options?["o"] ?? "")),
            ("MountDevice", .string(options?["device"] ?? "")), ("Quota", .members([("Size", .int(0))])),
        ])
    }

    /// Options from upstream's file, for a volume that its daemon made.
    static func options(driverFile json: JSON.Object) throws(JSON.Failure) -> [String: String]? {
        var options: [String: String] = [:]
        for (member, option) in [("MountType", "type"), ("MountOpts", "o"), ("MountDevice", "device")] {
            let value = try json.string(member)
            if !value.isEmpty { options[option] = value }
        }
        return options.isEmpty ? nil : options
    }
}

/// The rules of names and options.
enum VolumeRules {
    static func check(name: String) throws(EngineError) {
        if name.utf8.count == 1 {
            throw .invalid("volume name is too short, names should be at least two alphanumeric characters")
        }
        let isGood = name.utf8.enumerated().allSatisfy { index, byte in
            switch byte {
            case 48...57, 65...90, 97...122: true
            case UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"): index > 0
            default: false
            }
        }
        guard isGood, name.utf8.count <= 255 else {
            throw .invalid(
                "\"\(name)\" includes invalid characters for a local volume name, only "
                    + "\"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host directory, use"
                    + " absolute path"
            )
        }
    }

    static func check(options: [String: String]) throws(EngineError) {
        for name in options.keys.sorted() where !["type", "o", "device", "size"].contains(name) {
            throw .invalid("invalid option: \"" + name + "\"")
        }
        if options["size"] != nil { throw .invalid("quota size requested but no quota support") }
        for needed in ["device", "type"] where options[needed] == nil && !options.isEmpty {
            throw .invalid("missing required option: \"" + needed + "\"")
        }
    }
}
