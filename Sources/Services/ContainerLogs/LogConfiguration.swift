public import EngineAPI

/// Where a container's output is kept and how much of it: a log driver with its options, checked.
public struct LogConfiguration: Sendable {
    /// "json-file", "local" or "none".
    public let driver: String
    /// Bytes after which a file is rotated; nil: never.
    let maximumSize: Int?
    /// Files kept, the current one counted.
    let maximumFiles: Int
    /// Rotated files are compressed with gzip.
    let compresses: Bool
    /// Bytes that wait to be written at most, in the mode "non-blocking"; nil: the container waits for the log.
    let bufferSize: Int?
    let options: [String: String]

    /// Reads a driver's options as they are when a container starts. An empty driver means json-file.
    public init(driver: String, options: [String: String]) throws(EngineError) {
        try Self.validate(driver: driver, options: options)
        self.driver = driver.isEmpty ? "json-file" : driver
        self.options = options
        switch self.driver {
        case "none": (maximumSize, maximumFiles, compresses) = (nil, 1, false)
        case "local": (maximumSize, maximumFiles, compresses) = try Self.localRotation(options)
        default: (maximumSize, maximumFiles, compresses) = try Self.jsonRotation(options)
        }
        if self.driver != "none", options["mode"] == "non-blocking" {
            bufferSize =
                try options["max-buffer-size"].map { text throws(EngineError) in try LogOption.binary(text) }
                ?? 1_000_000
        } else {
            bufferSize = nil
        }
    }

    private static func jsonRotation(_ options: [String: String]) throws(EngineError) -> (Int?, Int, Bool) {
        let size = try options["max-size"].map { text throws(EngineError) in try LogOption.decimal(text) }
        if let size, size <= 0 { throw .failed("max-size must be a positive number") }
        let files = try options["max-file"].map { text throws(EngineError) in try LogOption.integer(text) } ?? 1
        guard files >= 1 else { throw .failed("max-file cannot be less than 1") }
        let compresses = try options["compress"].map { text throws(EngineError) in try LogOption.bool(text) } ?? false
        if compresses && (files < 2 || size == nil) {
            throw .failed("compress cannot be true when max-file is less than 2 or max-size is not set")
        }
        return (size, files, compresses)
    }

    private static func localRotation(_ options: [String: String]) throws(EngineError) -> (Int?, Int, Bool) {
        var size = 20 << 20
        var files = 5
        var compresses = true
        if let text = options["max-size"] {
            size = try LogOption.decimal(text, "invalid value for max-size: \(text): ")
        }
        if let text = options["max-file"] {
            files = try LogOption.integer(text, "invalid value for max-file: \(text): ")
        }
        if let text = options["compress"] {
            compresses = try LogOption.bool(text, "error reading compress log option: ")
        }
        if files < 0 { throw .invalid("max file count cannot be less than 0") }
        if compresses && files <= 1 { throw .invalid("compression cannot be enabled when max file count is 1") }
        return (size, files, compresses)
    }

    /// Where the log of a container is whose record lies in `folder`; nil for a driver that cannot be read.
    public func location(folder: String, id: String) -> LogLocation? {
        switch driver {
        case "none": nil
        case "local": LogLocation(path: folder + "/local-logs/container.log", format: .local)
        default: LogLocation(path: folder + "/" + id + "-json.log", format: .jsonFile)
        }
    }
}

/// How the records of a log file are written.
public enum LogFormat: Sendable {
    /// A JSON object a line.
    case jsonFile
    /// Protocol buffers, each between two copies of its length.
    case local
}

/// The files of a log: rotated ones have ".1", ".2", … after the name, and ".gz" when they are compressed.
public struct LogLocation: Equatable, Sendable {
    /// The current file.
    public let path: String
    let format: LogFormat

    public init(path: String, format: LogFormat) {
        self.path = path
        self.format = format
    }
}
