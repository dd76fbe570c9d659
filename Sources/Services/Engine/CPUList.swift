/// A list of CPUs or memory nodes as cpuset(7) writes it: "0-2,4".
enum CPUList {
    /// nil when the text is not such a list.
    static func parse(_ text: String) -> Set<Int>? {
        var found: Set<Int> = []
        if text.isEmpty { return found }
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false)
            guard let first = Int(ends[0]), first >= 0, first < 8192 else { return nil }
            if ends.count == 1 {
                found.insert(first)
            } else {
                guard ends.count == 2, let last = Int(ends[1]), last >= first, last < 8192 else { return nil }
                found.formUnion(first...last)
            }
        }
        return found
    }
}
