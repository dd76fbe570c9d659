internal import Flags
internal import JSON
internal import Linux

/// A mount as `--mount` describes it.
struct MountRequest: Equatable {
    var type = "volume"
    var source = ""
    var target = ""
    var readOnly = false
    var consistency = ""
    private var bind: [(String, JSON)] = []
    private var volume: [(String, JSON)] = []
    private var volumeDriver = ""
    private var volumeOptions: [String] = []
    private var volumeLabels: [String] = []
    private var image: [(String, JSON)] = []
    private var tmpfs: [(String, JSON)] = []
    private var readOnlyMode = ""

    static func == (left: MountRequest, right: MountRequest) -> Bool { left.json == right.json }

    init(type: String, source: String, target: String) {
        self.type = type
        self.source = source
        self.target = target
    }

    init(_ text: String) throws(UsageError) {
        if text.isEmpty { throw UsageError("EOF") }
        for field in commaSeparated(text) {
            let (name, value) = splitOnce(field, at: UInt8(ascii: "="))
            let key = name.lowercased()
            guard let value else {
                switch key {
                case "readonly", "ro": readOnly = true
                case "volume-nocopy": volume.append(("NoCopy", .bool(true)))
                case "bind-nonrecursive": bind.append(("NonRecursive", .bool(true)))
                default: throw UsageError("invalid field '" + field + "' must be a key=value pair")
                }
                continue
            }
            if value.isEmpty && !["type", "source", "src", "target", "dst", "destination"].contains(key)
                || value.isEmpty
            {
                throw UsageError("invalid value for '" + key + "': value is empty")
            }
            try take(key, value, field)
        }
        try check()
    }

    private mutating func take(_ key: String, _ value: String, _ field: String) throws(UsageError) {
        switch key {
        case "type": type = value.lowercased()
        case "source", "src":
            source = value
            if value == "." || value.hasPrefix("./") || value.hasPrefix("../") || value == ".." {
                // An unreadable working directory leaves the path as written; the daemon then refuses it.
                source = (try? Files.absolute(value)) ?? value
            }
        case "target", "dst", "destination": target = value
        case "readonly", "ro": readOnly = try flag(key, value)
        case "consistency": consistency = value.lowercased()
        case "bind-propagation": bind.append(("Propagation", .string(value.lowercased())))
        case "bind-nonrecursive": bind.append(("NonRecursive", .bool(try flag(key, value))))
        case "bind-recursive": try takeRecursion(value)
        case "volume-subpath": volume.append(("Subpath", .string(value)))
        case "volume-nocopy": volume.append(("NoCopy", .bool(try flag(key, value))))
        case "volume-label": volumeLabels.append(value)
        case "volume-driver": volumeDriver = value
        case "volume-opt": volumeOptions.append(value)
        case "image-subpath": image.append(("Subpath", .string(value)))
        case "tmpfs-size":
            guard let size = Human.parseBytes(value) else { throw UsageError("invalid value for tmpfs-size: " + value) }
            tmpfs.append(("SizeBytes", .int(size)))
        case "tmpfs-mode":
            guard let mode = Int(value, radix: 8) else { throw UsageError("invalid value for tmpfs-mode: " + value) }
            tmpfs.append(("Mode", .int(mode)))
        default: throw UsageError("unexpected key '" + key + "' in '" + field + "'")
        }
    }

    private func flag(_ key: String, _ value: String) throws(UsageError) -> Bool {
        guard let flag = parseBool(value) else {
            throw UsageError("invalid value for " + key + ": " + value)
        }
        return flag
    }

    private mutating func takeRecursion(_ value: String) throws(UsageError) {
        switch value {
        case "enabled": break
        case "disabled": bind.append(("NonRecursive", .bool(true)))
        case "writable": bind.append(("ReadOnlyNonRecursive", .bool(true)))
        case "readonly": bind.append(("ReadOnlyForceRecursive", .bool(true)))
        default:
            throw UsageError(
                "invalid value for bind-recursive: " + value
                    + " (must be \"enabled\", \"disabled\", \"writable\", or \"readonly\")")
        }
        readOnlyMode = value
    }

    private func check() throws(UsageError) {
        if target.isEmpty { throw UsageError("target is required") }
        let hasVolume = !volume.isEmpty || !volumeDriver.isEmpty || !volumeOptions.isEmpty || !volumeLabels.isEmpty
        if type != "volume" && hasVolume {
            throw UsageError("cannot mix 'volume-*' options with mount type '" + type + "'")
        }
        if type != "bind" && (!bind.isEmpty || !readOnlyMode.isEmpty) {
            throw UsageError("cannot mix 'bind-*' options with mount type '" + type + "'")
        }
        if type != "tmpfs" && !tmpfs.isEmpty {
            throw UsageError("cannot mix 'tmpfs-*' options with mount type '" + type + "'")
        }
        if type != "image" && !image.isEmpty {
            throw UsageError("cannot mix 'image-*' options with mount type '" + type + "'")
        }
        if !readOnly && ["writable", "readonly"].contains(readOnlyMode) {
            throw UsageError(
                "option 'bind-recursive=" + readOnlyMode + "' requires 'readonly' to be specified in conjunction")
        }
        let propagation = bind.first { $0.0 == "Propagation" }?.1.string
        if readOnlyMode == "readonly" && propagation != "rprivate" {
            throw UsageError(
                "option 'bind-recursive=readonly' requires 'bind-propagation=rprivate' to be specified in conjunction")
        }
    }

    /// The API's Mount.
    var json: JSON {
        var members: [(String, JSON)] = [("Type", .string(type))]
        if !source.isEmpty { members.append(("Source", .string(source))) }
        members.append(("Target", .string(target)))
        if readOnly { members.append(("ReadOnly", .bool(true))) }
        if !consistency.isEmpty { members.append(("Consistency", .string(consistency))) }
        if !bind.isEmpty { members.append(("BindOptions", .members(set(bind)))) }
        var options = set(volume)
        if !volumeLabels.isEmpty { options.append(("Labels", textMap(pairs(volumeLabels)))) }
        if !volumeDriver.isEmpty || !volumeOptions.isEmpty {
            var driver: [(String, JSON)] = volumeDriver.isEmpty ? [] : [("Name", .string(volumeDriver))]
            if !volumeOptions.isEmpty { driver.append(("Options", textMap(pairs(volumeOptions)))) }
            options.append(("DriverConfig", .members(driver)))
        }
        if !options.isEmpty { members.append(("VolumeOptions", .members(options))) }
        if !image.isEmpty { members.append(("ImageOptions", .members(image))) }
        if !tmpfs.isEmpty { members.append(("TmpfsOptions", .members(tmpfs))) }
        return .members(members)
    }

    /// Without the flags that are off, which Go leaves out.
    private func set(_ options: [(String, JSON)]) -> [(String, JSON)] { options.filter { $0.1 != .bool(false) } }
}
