internal import GoText
public import Linux

/// Why a cgroup could not be made, changed or read: words for the user.
public struct CgroupFailure: Error, Equatable, Sendable, CustomStringConvertible {
    public let message: String
    public init(_ message: String) { self.message = message }
    public init(_ error: SystemCallError) { message = error.description }
    public var description: String { message }
}

/// Writes one cgroup file, with the failure as runc words it.
func put(_ text: String, _ directory: String, _ file: String) throws(CgroupFailure) {
    let path = directory + "/" + file
    do throws(SystemCallError) {
        try Files.put(text, into: path)
    } catch {
        if error.operation == "open" { throw CgroupFailure(error) }
        throw CgroupFailure("failed to write " + goQuoted(text) + ": write " + path + ": " + error.reason)
    }
}

/// Reads one cgroup file without its last new line; nil when it is not there.
func get(_ directory: String, _ file: String) -> String? {
    // A file that is not there is a kernel without this feature: the caller decides.
    guard var bytes = try? Files.read(directory + "/" + file) else { return nil }
    if bytes.last == 10 { bytes.removeLast() }
    return String(decoding: bytes, as: UTF8.self)
}
