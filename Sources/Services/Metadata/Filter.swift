internal import RegularExpressions

/// What a filter looks at: the value at a path of field names, nil when it is not there.
public typealias FieldReader = (_ path: [String]) -> String?

/// containerd's filter language: `field==value`, `field!=value`, `field~=regex`, a field alone for its presence, all
/// of them joined by commas; several filters are alternatives.
public struct Filter: Sendable {
    enum Operator: Sendable {
        case present, equal, unequal
        /// An expression that does not compile matches nothing.
        case matches(RegularExpression?)
    }

    struct Selector: Sendable {
        let path: [String]
        let comparison: Operator
        let value: String

        func matches(_ read: FieldReader) -> Bool {
            let found = read(path)
            switch comparison {
            case .present: return found != nil
            case .equal: return found == value
            // What is not there reads as the empty text.
            case .unequal: return (found ?? "") != value
            case .matches(let pattern): return pattern?.matches(found ?? "") ?? false
            }
        }
    }

    private let alternatives: [[Selector]]

    /// Parses filters; none at all matches everything.
    public init(_ texts: [String]) throws(ServiceError) {
        var alternatives: [[Selector]] = []
        for text in texts {
            // A filter without selectors lets everything through.
            if text.isEmpty {
                alternatives.append([])
                continue
            }
            var parser = FilterParser(text)
            alternatives.append(try parser.selectors())
        }
        self.alternatives = alternatives
    }

    public func matches(_ read: FieldReader) -> Bool {
        if alternatives.isEmpty { return true }
        return alternatives.contains { $0.allSatisfy { $0.matches(read) } }
    }
}

extension Labels {
    /// The value of a label whose key, dots and all, is the rest of a path.
    public func read(_ path: ArraySlice<String>) -> String? { self[path.joined(separator: ".")] }
}
