public import EngineAPI
public import GoText

/// Which records of a log are wanted and how they are written.
public struct LogQuery: Equatable, Sendable {
    public var stdout = true
    public var stderr = true
    /// The last so many records, of both streams; nil: all.
    public var tail: Int?
    public var since: Timestamp?
    public var until: Timestamp?
    /// Goes on until the container's log is closed.
    public var follow = false
    public var timestamps = false
    public var details = false
    /// Whether each record gets the 8-byte head of multiplexed output; false for a container with a terminal.
    public var multiplexed = true

    public init() {}

    /// Reads the parameters of `GET /containers/ID/logs`; errors in upstream's words.
    public init(parameters value: (String) -> String?) throws(EngineError) {
        func bool(_ name: String) -> Bool {
            switch (value(name) ?? "").lowercased() {
            case "", "0", "no", "false", "none": false
            default: true
            }
        }
        stdout = bool("stdout")
        stderr = bool("stderr")
        guard stdout || stderr else {
            throw .invalid("Bad parameters: you must choose at least one stream")
        }
        follow = bool("follow")
        timestamps = bool("timestamps")
        details = bool("details")
        let tail = value("tail") ?? ""
        // What is no number means all, as upstream takes it.
        if !tail.isEmpty, tail != "all", let count = Int(tail), count >= 0 { self.tail = count }
        since = try Self.moment(value("since"))
        until = try Self.moment(value("until"))
        if until?.totalNanoseconds == 0 { until = nil }
        if since?.totalNanoseconds == 0 { since = nil }
    }

    /// Seconds since 1970 with an optional fraction, as the client sends it.
    static func moment(_ text: String?) throws(EngineError) -> Timestamp? {
        guard let text, !text.isEmpty else { return nil }
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let seconds = Int(parts[0]) else {
            throw .invalid("strconv.ParseInt: parsing \"\(parts[0])\": invalid syntax")
        }
        guard parts.count == 2 else { return Timestamp(seconds: seconds) }
        guard let nanoseconds = Int((parts[1] + "000000000").prefix(9)) else {
            throw .invalid("strconv.ParseInt: parsing \"\(parts[1])\": invalid syntax")
        }
        return Timestamp(seconds: seconds, nanoseconds: nanoseconds)
    }
}
