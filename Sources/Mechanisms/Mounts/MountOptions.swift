internal import CLinux
public import OCIRuntime

/// A mount's options, sorted by what the kernel is told where (mount(2), mount_setattr(2)).
public struct MountOptions: Equatable, Sendable {
    /// MS_* to set.
    public var flags: UInt = 0
    /// MS_* named by an option that turns one off.
    public var cleared: UInt = 0
    /// MS_SHARED and its sisters, with MS_REC, in order.
    public var propagation: [UInt] = []
    /// MOUNT_ATTR_* for the mount and all below it.
    public var recursiveSet: UInt64 = 0
    public var recursiveClear: UInt64 = 0
    /// Options that the file system reads itself.
    public var data = ""
    /// A new tmpfs starts with what was at its place.
    public var copiesUp = false

    public var isBind: Bool { flags & UInt(MS_BIND) != 0 }
    public var isReadOnly: Bool { flags & UInt(MS_RDONLY) != 0 }

    /// Reads the options of one mount; a type of "bind" is the option "bind".
    public init(_ mount: Spec.Mount) {
        if mount.type == "bind" { flags |= UInt(MS_BIND) }
        var rest: [String] = []
        for option in mount.options { if !read(option) { rest.append(option) } }
        data = rest.joined(separator: ",")
    }

    private mutating func read(_ option: String) -> Bool {
        if option == "tmpcopyup" {
            copiesUp = true
            return true
        }
        for entry in MountOptions.plain where entry.name == option {
            if entry.clears {
                flags &= ~entry.flag
                cleared |= entry.flag
            } else {
                flags |= entry.flag
                cleared &= ~entry.flag
            }
            return true
        }
        for entry in MountOptions.propagations where entry.name == option {
            propagation.append(entry.flag)
            return true
        }
        for entry in MountOptions.recursive where entry.name == option {
            if entry.clears { recursiveClear |= entry.attribute } else { recursiveSet |= entry.attribute }
            if entry.attribute & MountAttribute.atime != 0 || entry.name == "rrelatime" {
                recursiveClear |= MountAttribute.atime
            }
            return true
        }
        return false
    }

    /// Every option that is not the file system's own, sorted.
    public static var names: [String] {
        var all = plain.map { $0.name } + propagations.map { $0.name } + recursive.map { $0.name } + ["tmpcopyup"]
        all.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        return all
    }

    static let plain: [(name: String, clears: Bool, flag: UInt)] = [
        ("acl", false, 1 << 16), ("async", true, UInt(MS_SYNCHRONOUS)), ("atime", true, UInt(MS_NOATIME)),
        ("bind", false, UInt(MS_BIND)), ("defaults", false, 0), ("dev", true, UInt(MS_NODEV)),
        ("diratime", true, UInt(MS_NODIRATIME)), ("dirsync", false, UInt(MS_DIRSYNC)),
        ("exec", true, UInt(MS_NOEXEC)), ("iversion", false, 1 << 23), ("lazytime", false, 1 << 25),
        ("loud", true, 1 << 15), ("mand", false, UInt(MS_MANDLOCK)), ("noacl", true, 1 << 16),
        ("noatime", false, UInt(MS_NOATIME)), ("nodev", false, UInt(MS_NODEV)),
        ("nodiratime", false, UInt(MS_NODIRATIME)), ("noexec", false, UInt(MS_NOEXEC)), ("noiversion", true, 1 << 23),
        ("nolazytime", true, 1 << 25), ("nomand", true, UInt(MS_MANDLOCK)), ("norelatime", true, UInt(MS_RELATIME)),
        ("nostrictatime", true, UInt(MS_STRICTATIME)), ("nosuid", false, UInt(MS_NOSUID)),
        ("nosymfollow", false, 1 << 8), ("rbind", false, UInt(MS_BIND | MS_REC)),
        ("relatime", false, UInt(MS_RELATIME)),
        ("remount", false, UInt(MS_REMOUNT)), ("ro", false, UInt(MS_RDONLY)), ("rw", true, UInt(MS_RDONLY)),
        ("silent", false, 1 << 15), ("strictatime", false, UInt(MS_STRICTATIME)), ("suid", true, UInt(MS_NOSUID)),
        ("symfollow", true, 1 << 8), ("sync", false, UInt(MS_SYNCHRONOUS)),
    ]

    static let propagations: [(name: String, flag: UInt)] = [
        ("private", UInt(MS_PRIVATE)), ("shared", UInt(MS_SHARED)), ("slave", UInt(MS_SLAVE)),
        ("unbindable", UInt(MS_UNBINDABLE)), ("rprivate", UInt(MS_PRIVATE | MS_REC)),
        ("rshared", UInt(MS_SHARED | MS_REC)), ("rslave", UInt(MS_SLAVE | MS_REC)),
        ("runbindable", UInt(MS_UNBINDABLE | MS_REC)),
    ]

    static let recursive: [(name: String, clears: Bool, attribute: UInt64)] = [
        ("ratime", true, MountAttribute.noatime), ("rdev", true, MountAttribute.nodev),
        ("rdiratime", true, MountAttribute.nodiratime), ("rexec", true, MountAttribute.noexec),
        ("rnoatime", false, MountAttribute.noatime), ("rnodev", false, MountAttribute.nodev),
        ("rnodiratime", false, MountAttribute.nodiratime), ("rnoexec", false, MountAttribute.noexec),
        ("rnorelatime", true, 0), ("rnostrictatime", true, MountAttribute.strictatime),
        ("rnosuid", false, MountAttribute.nosuid), ("rnosymfollow", false, MountAttribute.nosymfollow),
        ("rrelatime", false, 0), ("rro", false, MountAttribute.rdonly), ("rrw", true, MountAttribute.rdonly),
        ("rstrictatime", false, MountAttribute.strictatime), ("rsuid", true, MountAttribute.nosuid),
        ("rsymfollow", true, MountAttribute.nosymfollow),
    ]
}

/// MOUNT_ATTR_* of mount_setattr(2).
enum MountAttribute {
    static let rdonly: UInt64 = 0x1
    static let nosuid: UInt64 = 0x2
    static let nodev: UInt64 = 0x4
    static let noexec: UInt64 = 0x8
    static let noatime: UInt64 = 0x10
    static let strictatime: UInt64 = 0x20
    static let atime: UInt64 = 0x70
    static let nodiratime: UInt64 = 0x80
    static let nosymfollow: UInt64 = 0x200000

    /// The attributes that MS_* flags stand for. The rest of them are the file system's, not the mount's.
    static func attributes(_ flags: UInt) -> UInt64 {
        var found: UInt64 = 0
        if flags & UInt(MS_RDONLY) != 0 { found |= rdonly }
        if flags & UInt(MS_NOSUID) != 0 { found |= nosuid }
        if flags & UInt(MS_NODEV) != 0 { found |= nodev }
        if flags & UInt(MS_NOEXEC) != 0 { found |= noexec }
        if flags & UInt(MS_NOATIME) != 0 { found |= noatime }
        if flags & UInt(MS_STRICTATIME) != 0 { found |= strictatime }
        if flags & UInt(MS_NODIRATIME) != 0 { found |= nodiratime }
        if flags & (1 << 8) != 0 { found |= nosymfollow }
        return found
    }
}
