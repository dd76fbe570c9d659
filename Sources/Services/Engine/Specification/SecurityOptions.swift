internal import EngineAPI

/// What `HostConfig.SecurityOpt` says.
struct SecurityOptions: Sendable {
    var noNewPrivileges = false
    /// The profile's text, "unconfined", "builtin" or empty.
    var seccomp = ""
    var apparmor = ""
    var writesCgroups = false

    /// Options are `name=value`, or in the old form `name:value`.
    init(_ options: [String], defaultNoNewPrivileges: Bool) throws(EngineError) {
        noNewPrivileges = defaultNoNewPrivileges
        for option in options {
            if option == "no-new-privileges" {
                noNewPrivileges = true
                continue
            }
            if option == "disable" { continue }
            let equals = option.firstIndex(of: "=")
            guard let separator = equals ?? option.firstIndex(of: ":") else {
                throw .invalid("invalid --security-opt 1: \"\(option)\"")
            }
            let name = String(option[..<separator])
            let value = String(option[option.index(after: separator)...])
            switch name {
            case "label":
                // Without SELinux a label changes nothing; upstream takes it then, too.
                continue
            case "apparmor": apparmor = value
            case "seccomp": seccomp = value
            case "no-new-privileges": noNewPrivileges = try SecurityOptions.bool(value, option)
            case "writable-cgroups": writesCgroups = try SecurityOptions.bool(value, option)
            default: throw .invalid("invalid --security-opt 2: \"\(option)\"")
            }
        }
        if !seccomp.isEmpty && seccomp != "unconfined" && seccomp != "builtin" {
            _ = try SeccompRules(parsing: seccomp)
        }
    }

    private static func bool(_ value: String, _ option: String) throws(EngineError) -> Bool {
        switch value {
        case "1", "t", "T", "true", "TRUE", "True": return true
        case "0", "f", "F", "false", "FALSE", "False": return false
        default: throw .invalid("invalid --security-opt 2: \"\(option)\"")
        }
    }
}
