/// A regular expression that a filter compares names with: literals, `.`, classes, groups, `|`, `*`, `+`, `?`, anchors
/// and backslashes before all of these. It may match anywhere in the name.
public struct NamePattern: Equatable, Sendable {
    private indirect enum Node: Equatable, Sendable {
        case start, end, any
        case one(Unicode.Scalar)
        case among([ClosedRange<Unicode.Scalar>], negated: Bool)
        case group([[Node]])
        case repeated(Node, least: Int, most: Int)
    }

    private let alternatives: [[Node]]

    /// nil for what is no regular expression.
    public init?(_ text: String) {
        var parser = Parser(rest: ArraySlice(Array(text.unicodeScalars)))
        guard let alternatives = parser.alternatives(), parser.rest.isEmpty else { return nil }
        self.alternatives = alternatives
    }

    public func matches(_ name: String) -> Bool {
        let matcher = Matcher(Array(name.unicodeScalars))
        return (0...matcher.text.count).contains { matcher.matches([.group(alternatives)], at: $0) }
    }

    private struct Parser {
        var rest: ArraySlice<Unicode.Scalar>

        mutating func alternatives() -> [[Node]]? {
            var found: [[Node]] = [[]]
            while let scalar = rest.first, scalar != ")" {
                rest.removeFirst()
                if scalar == "|" {
                    found.append([])
                    continue
                }
                guard var node = node(scalar) else { return nil }
                if let (least, most) = quantifier() { node = .repeated(node, least: least, most: most) }
                found[found.count - 1].append(node)
            }
            return found
        }

        private mutating func quantifier() -> (Int, Int)? {
            let known: [Unicode.Scalar: (Int, Int)] = ["*": (0, .max), "+": (1, .max), "?": (0, 1)]
            guard let scalar = rest.first, let found = known[scalar] else { return nil }
            rest.removeFirst()
            return found
        }

        private mutating func node(_ scalar: Unicode.Scalar) -> Node? {
            switch scalar {
            case "^": return .start
            case "$": return .end
            case ".": return .any
            case "*", "+", "?": return nil
            case "\\": return rest.popFirst().map { .one($0) }
            case "[": return characterClass()
            case "(":
                guard let inner = alternatives(), rest.popFirst() == ")" else { return nil }
                return .group(inner)
            default: return .one(scalar)
            }
        }

        private mutating func characterClass() -> Node? {
            let negated = rest.first == "^"
            if negated { rest.removeFirst() }
            var ranges: [ClosedRange<Unicode.Scalar>] = []
            while let first = rest.popFirst() {
                if first == "]", !ranges.isEmpty { return .among(ranges, negated: negated) }
                var last = first
                if rest.first == "-", let next = rest.dropFirst().first, next != "]" {
                    rest.removeFirst(2)
                    last = next
                }
                guard first <= last else { return nil }
                ranges.append(first...last)
            }
            return nil
        }
    }

    private final class Matcher {
        let text: [Unicode.Scalar]
        /// A pattern that has no end of ways to fail is given up.
        private var steps = 0

        init(_ text: [Unicode.Scalar]) { self.text = text }

        func matches(_ nodes: ArraySlice<Node>, at position: Int, depth: Int = 0) -> Bool {
            steps += 1
            guard steps < 100_000, depth < 2000 else { return false }
            guard let node = nodes.first else { return true }
            let rest = nodes.dropFirst()
            func matches(_ nodes: ArraySlice<Node>, at position: Int) -> Bool {
                self.matches(nodes, at: position, depth: depth + 1)
            }
            switch node {
            case .start: return position == 0 && matches(rest, at: position)
            case .end: return position == text.count && matches(rest, at: position)
            case .group(let alternatives): return alternatives.contains { matches(ArraySlice($0) + rest, at: position) }
            case .repeated(let inner, let least, let most):
                if least == 0, matches(rest, at: position) { return true }
                // What there is no text left for would repeat for ever.
                if most == 0 || position >= text.count { return false }
                let again = Node.repeated(inner, least: max(0, least - 1), most: most == .max ? .max : most - 1)
                return matches([inner, again] + rest, at: position)
            default: return position < text.count && accepts(node, text[position]) && matches(rest, at: position + 1)
            }
        }

        private func accepts(_ node: Node, _ scalar: Unicode.Scalar) -> Bool {
            switch node {
            case .any: true
            case .one(let wanted): scalar == wanted
            case .among(let ranges, let negated): ranges.contains { $0.contains(scalar) } != negated
            default: false
            }
        }
    }
}
