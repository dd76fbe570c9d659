public import EngineAPI

/// One of a container's output streams; the raw value is its number in multiplexed output.
public enum LogStream: UInt8, Sendable {
    case stdout = 1
    case stderr = 2

    /// As records and API calls name it.
    public var name: String { self == .stdout ? "stdout" : "stderr" }
}

extension EngineError {
    /// What reading the logs of a container with the driver "none" says.
    public static let logsNotReadable = unsupported("configured logging driver does not support reading")
}
