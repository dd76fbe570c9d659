/// The bar that older clients show as it comes.
enum ProgressBar {
    /// "[==>   ]  1.5MB/3MB", 50 characters wide.
    static func text(current: Int, total: Int) -> String {
        let numbers = size(current) + "/" + size(total)
        guard total > 0 else { return "      " + size(current) }
        let filled = min(50, current * 50 / total)
        let bar = String(repeating: "=", count: filled) + ">" + String(repeating: " ", count: max(0, 50 - filled))
        let padding = String(repeating: " ", count: max(0, 8 - size(current).utf8.count))
        return "[" + bar + "] " + padding + numbers
    }

    /// units.HumanSize: four significant digits, powers of 1000.
    static func size(_ bytes: Int) -> String {
        var value = Double(bytes)
        var unit = 0
        let units = ["B", "kB", "MB", "GB", "TB", "PB"]
        while value >= 1000 && unit < units.count - 1 {
            value /= 1000
            unit += 1
        }
        let decimals = value >= 1000 ? 0 : value >= 100 ? 1 : value >= 10 ? 2 : 3
        var scale = 1.0
        for _ in 0..<decimals { scale *= 10 }
        let rounded = Int((value * scale).rounded())
        var text = String(rounded / Int(scale))
        let rest = rounded % Int(scale)
        if rest > 0 {
            var digits = String(String(rest + Int(scale)).dropFirst())
            while digits.hasSuffix("0") { digits.removeLast() }
            text += "." + digits
        }
        return text + units[unit]
    }
}
