/// One of a container's output streams; the raw value is its number in multiplexed output.
public enum LogStream: UInt8, Sendable {
    case stdout = 1
    case stderr = 2

    /// As records and API calls name it.
    public var name: String { self == .stdout ? "stdout" : "stderr" }
}

/// Log settings that are refused, or logs that cannot be written or read; the words are Docker's.
public struct LogError: Error, Equatable, Sendable, CustomStringConvertible {
    public let message: String
    /// The HTTP status that fits.
    public let status: Int

    public init(_ message: String, status: Int = 400) {
        self.message = message
        self.status = status
    }

    /// What reading the logs of a container with the driver "none" says.
    public static let notReadable = LogError("configured logging driver does not support reading", status: 501)

    public var description: String { message }
}
