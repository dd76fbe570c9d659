internal import EngineClient
internal import Flags
internal import JSON
internal import Linux
internal import Terminal

/// Shows the daemon's stream of progress: on a terminal a line for each part, rewritten in place, elsewhere a line for
/// each change of state.
final class Progress {
    private let descriptor: Int32
    private let isTerminal: Bool
    private var lines: [String: Int] = [:]
    private var height = 0
    /// Called with what a message carries beside progress.
    var onAuxiliary: ((JSON) -> Void)?
    /// Where plain streams (a build's) go.
    var streams = true

    init(to descriptor: Int32) {
        self.descriptor = descriptor
        isTerminal = Terminal.isTerminal(descriptor)
    }

    /// Reads the answer to its end; an error in it is thrown.
    func show(_ reply: EngineReply) throws {
        while let values = try reply.values() { for value in values { try show(value) } }
    }

    private func write(_ text: String) throws { try writeEverything(Array(text.utf8), to: descriptor) }

    private func show(_ message: JSON) throws {
        if let auxiliary = message["aux"], !auxiliary.isNull {
            onAuxiliary?(auxiliary)
            return
        }
        if let text = message["errorDetail"]?["message"]?.string ?? message["error"]?.string {
            let code = message["errorDetail"]?["code"]?.int ?? 0
            if code == 401 { throw CommandFailure("authentication is required") }
            throw CommandFailure(text, status: Int32(truncatingIfNeeded: code == 0 ? 1 : code))
        }
        let id = message["id"]?.string ?? ""
        let bar = message["progressDetail"].map { Bar($0, message["progress"]?.string ?? "") }
        let hasBar = bar.map { !$0.text(width: 80).isEmpty } ?? false
        if !id.isEmpty && isTerminal && (hasBar || message["progressDetail"] != nil) {
            try place(id) { try self.write(self.text(message, id, bar)) }
            return
        }
        if isTerminal || !hasBar { try write(plain(message, id, bar)) }
    }

    /// Moves to the part's line, writes it, and returns below.
    private func place(_ id: String, _ body: () throws -> Void) throws {
        var up = 0
        if let line = lines[id] {
            up = height - line
        } else {
            lines[id] = height
            height += 1
            try write("\n")
            up = 1
        }
        if up > 0 { try write("\u{1B}[\(up)A") }
        try write("\u{1B}[2K\r")
        try body()
        try write("\r")
        if up > 0 { try write("\u{1B}[\(up)B") }
    }

    private func text(_ message: JSON, _ id: String, _ bar: Bar?) -> String {
        let columns = Terminal.size(descriptor)?.columns ?? 80
        let status = message["status"]?.string ?? ""
        let shown = bar?.text(width: columns) ?? ""
        return id + ": " + status + " " + shown
    }

    private func plain(_ message: JSON, _ id: String, _ bar: Bar?) -> String {
        if let text = message["stream"]?.string { return streams ? text : "" }
        var text = ""
        if let time = message["timeNano"]?.int, time != 0 {
            text += Moment(seconds: time / 1_000_000_000, nanoseconds: time % 1_000_000_000).rfc3339Nano + " "
        }
        if !id.isEmpty { text += id + ": " }
        if let from = message["from"]?.string, !from.isEmpty { text += "(from " + from + ") " }
        let shown = bar?.text(width: 80) ?? ""
        text += (message["status"]?.string ?? "") + (shown.isEmpty ? "" : " " + shown)
        return text + "\n"
    }
}

/// How far one part is.
private struct Bar {
    private let current: Int
    private let total: Int
    private let units: String
    private let hidesCounts: Bool
    private let given: String

    init(_ detail: JSON, _ given: String) {
        current = detail["current"]?.int ?? 0
        total = detail["total"]?.int ?? 0
        units = detail["units"]?.string ?? ""
        hidesCounts = detail["hidecounts"]?.bool ?? false
        self.given = given
    }

    func text(width: Int) -> String {
        if current <= 0 && total <= 0 { return "" }
        func amount(_ number: Int) -> String { units.isEmpty ? Human.size(Double(number)) : "\(number) " + units }
        if total <= 0 { return hidesCounts ? "" : amount(current).leftPadded(8) }
        var text = ""
        let half = min(max(current * 100 / total / 2, 0), 50)
        if width > 110 {
            let done = String(repeating: "=", count: half)
            text = "[" + done + ">" + String(repeating: " ", count: 50 - half) + "] "
        }
        if !hidesCounts {
            text += amount(current).leftPadded(8)
            if current <= total { text += "/" + amount(total) }
        }
        return text
    }
}

extension String {
    /// With spaces before it up to a width.
    func leftPadded(_ width: Int) -> String { String(repeating: " ", count: Swift.max(0, width - utf8.count)) + self }
}
