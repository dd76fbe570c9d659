internal import CLinux
internal import Linux

/// Extended attributes of what is at `name` below a held directory, links not followed.
enum ExtendedAttributes {
    /// There is no lsetxattrat(2) on the kernels we run on: /proc names the held directory instead, and the last
    /// component is not followed.
    private static func path(_ name: [CChar], in directory: Int32) -> [CChar] {
        cString(Array("/proc/self/fd/\(directory)/".utf8)).dropLast() + name
    }

    static func set(
        _ attributes: [String: [UInt8]], on name: [CChar], in directory: Int32
    ) throws(SystemCallError) {
        let path = path(name, in: directory)
        for (attribute, value) in attributes.sorted(by: { $0.key < $1.key }) {
            if lsetxattr(path, attribute, value, value.count, 0) == 0 { continue }
            let number = cl_errno()
            // A file system without them loses them; both daemons unpack such layers all the same.
            if number == ENOTSUP { continue }
            // Nor do they insist on user attributes where the kernel allows none (symbolic links, devices).
            if number == EPERM && !attribute.hasPrefix("security.") { continue }
            throw SystemCallError(number: number, operation: "lsetxattr", subject: attribute)
        }
    }

    static func value(_ attribute: String, of name: [CChar], in directory: Int32) -> [UInt8]? {
        let path = path(name, in: directory)
        var value = [UInt8](repeating: 0, count: 256)
        var count = lgetxattr(path, attribute, &value, value.count)
        if count < 0 && cl_errno() == ERANGE {
            value = [UInt8](repeating: 0, count: 65536)
            count = lgetxattr(path, attribute, &value, value.count)
        }
        return count < 0 ? nil : Array(value[..<count])
    }

    static func all(of name: [CChar], in directory: Int32) -> [String: [UInt8]] {
        let path = path(name, in: directory)
        var list = [CChar](repeating: 0, count: 65536)
        let count = llistxattr(path, &list, list.count)
        guard count > 0 else { return [:] }
        var found: [String: [UInt8]] = [:]
        for part in list[..<count].split(separator: 0) {
            let attribute = String(decoding: part.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if let value = value(attribute, of: name, in: directory) { found[attribute] = value }
        }
        return found
    }
}
