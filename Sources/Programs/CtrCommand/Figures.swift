internal import GoText
internal import Linux
internal import Protobuf

extension Timestamp {
    /// A time that is not there is Go's zero time.
    init(_ timestamp: ProtobufTimestamp?) {
        guard let timestamp else {
            self = .zero
            return
        }
        self.init(seconds: Int(timestamp.seconds), nanoseconds: Int(timestamp.nanos))
    }

    static var now: Timestamp { Timestamp(WallClock.now) }

    func adding(seconds more: Int64) -> Timestamp {
        Timestamp(seconds: seconds + Int(more), nanoseconds: nanoseconds)
    }
}

/// "2.0 MiB"
func binarySize(_ bytes: Int64) -> String {
    let (value, unit) = scaled(bytes, 1_024, ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"])
    return fixed(value, 1) + " " + unit
}

/// "2.14MB": four digits, go-units' way.
func decimalSize(_ bytes: Int64) -> String {
    let (value, unit) = scaled(bytes, 1_000, ["B", "kB", "MB", "GB", "TB", "PB", "EB"])
    let whole = value >= 999.95 ? 4 : value >= 99.995 ? 3 : value >= 9.9995 ? 2 : 1
    var text = fixed(value, 4 - whole)
    if text.contains(".") {
        while text.hasSuffix("0") { text.removeLast() }
        if text.hasSuffix(".") { text.removeLast() }
    }
    return text + unit
}

private func scaled(_ bytes: Int64, _ base: Double, _ units: [String]) -> (Double, String) {
    var value = Double(bytes)
    var index = 0
    while value >= base && index < units.count - 1 {
        value /= base
        index += 1
    }
    return (value, units[index])
}

/// A number with so many decimals.
func fixed(_ value: Double, _ decimals: Int) -> String {
    var factor = 1
    for _ in 0..<decimals { factor *= 10 }
    let rounded = Int((value * Double(factor)).rounded(.toNearestOrEven))
    if decimals == 0 { return String(rounded) }
    return String(rounded / factor) + "." + zeroPadded(abs(rounded) % factor, decimals)
}
