/// The path of a member inside the tree it is unpacked into: components, never "." or "..", never absolute.
struct MemberPath: Hashable {
    /// Joined by slashes; empty for the root itself.
    var bytes: [UInt8]

    /// Cleans a name by text alone. Leading ".." are dropped, as at the root of a file system; `escapes` says that
    /// there were some.
    init(_ name: some Collection<UInt8>) {
        var kept: [[UInt8]] = []
        var escapes = false
        for part in name.split(separator: 47) where part.elementsEqual([46]) == false {
            if part.elementsEqual([46, 46]) {
                if kept.popLast() == nil && name.first != 47 { escapes = true }
            } else {
                kept.append(Array(part))
            }
        }
        bytes = Array(kept.joined(separator: [47]))
        self.escapes = escapes
    }

    let escapes: Bool

    var isRoot: Bool { bytes.isEmpty }

    /// The path of the directory that holds it; empty for the root.
    var parent: [UInt8] { bytes.lastIndex(of: 47).map { Array(bytes[..<$0]) } ?? [] }

    /// The last component.
    var base: [UInt8] { bytes.lastIndex(of: 47).map { Array(bytes[($0 + 1)...]) } ?? bytes }
}

/// Bytes as the C string a system call takes. A NUL in them would cut the name: such names are refused when read.
func cString(_ bytes: [UInt8]) -> [CChar] {
    var text: [CChar] = []
    text.reserveCapacity(bytes.count + 1)
    for byte in bytes { text.append(CChar(bitPattern: byte)) }
    text.append(0)
    return text
}

/// Bytes as words for messages.
func words(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
