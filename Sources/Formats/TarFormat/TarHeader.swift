/// One member of a tar archive, whichever dialect (v7, ustar, GNU, pax) it was written in.
public struct TarHeader: Equatable, Sendable {
    /// What the member is.
    public enum Kind: Equatable, Sendable {
        case file, hardLink, symbolicLink, characterDevice, blockDevice, directory, fifo
        /// A type flag that has no meaning here.
        case other(UInt8)
    }

    /// A point in time since 1970, UTC.
    public struct Time: Equatable, Sendable {
        public var seconds: Int
        /// 0 to 999 999 999, counted forward from `seconds` also before 1970.
        public var nanoseconds: Int

        public init(seconds: Int, nanoseconds: Int = 0) {
            self.seconds = seconds
            self.nanoseconds = nanoseconds
        }
    }

    public var kind: Kind
    /// The path as its bytes: nothing says that they are UTF-8.
    public var name: [UInt8]
    /// The target of a link; empty for other kinds.
    public var linkName: [UInt8] = []
    /// Bytes of content, holes of a sparse file counted.
    public var size = 0
    /// Permission, set-id and sticky bits (07777).
    public var mode: UInt32
    public var uid = 0
    public var gid = 0
    public var userName = ""
    public var groupName = ""
    public var modified = Time(seconds: 0)
    public var accessed: Time?
    public var changed: Time?
    public var deviceMajor = 0
    public var deviceMinor = 0
    /// Extended attributes (pax records SCHILY.xattr.NAME), by name.
    public var attributes: [String: [UInt8]] = [:]

    public init(_ kind: Kind, _ name: [UInt8], mode: UInt32 = 0o644, size: Int = 0) {
        self.kind = kind
        self.name = name
        self.mode = mode
        self.size = size
    }

    public init(_ kind: Kind, _ name: String, mode: UInt32 = 0o644, size: Int = 0) {
        self.init(kind, Array(name.utf8), mode: mode, size: size)
    }

    /// The path as text; bytes that are not UTF-8 are replaced.
    public var nameText: String { String(decoding: name, as: UTF8.self) }

    /// The link's target as text; bytes that are not UTF-8 are replaced.
    public var linkText: String { String(decoding: linkName, as: UTF8.self) }
}

extension TarHeader.Kind {
    init(flag: UInt8) {
        switch flag {
        case 0, UInt8(ascii: "0"), UInt8(ascii: "7"), UInt8(ascii: "S"): self = .file
        case UInt8(ascii: "1"): self = .hardLink
        case UInt8(ascii: "2"): self = .symbolicLink
        case UInt8(ascii: "3"): self = .characterDevice
        case UInt8(ascii: "4"): self = .blockDevice
        case UInt8(ascii: "5"): self = .directory
        case UInt8(ascii: "6"): self = .fifo
        default: self = .other(flag)
        }
    }

    /// The flag as it is written.
    public var flag: UInt8 {
        switch self {
        case .file: UInt8(ascii: "0")
        case .hardLink: UInt8(ascii: "1")
        case .symbolicLink: UInt8(ascii: "2")
        case .characterDevice: UInt8(ascii: "3")
        case .blockDevice: UInt8(ascii: "4")
        case .directory: UInt8(ascii: "5")
        case .fifo: UInt8(ascii: "6")
        case .other(let flag): flag
        }
    }

    /// Only these are followed by content, whatever size the header claims (POSIX pax, "ustar Interchange Format").
    var hasContent: Bool {
        switch self {
        case .file, .other: true
        default: false
        }
    }
}
