/// A JSON value (RFC 8259). Objects keep the order of their members, and numbers the text they were written with, so
/// that what is read and written again is the same bytes.
public indirect enum JSON: Equatable, Sendable {
    case null
    case bool(Bool)
    case number(Number)
    case string(String)
    case array([JSON])
    case object(Object)

    /// A number as its text: no precision is lost, and no floating point is needed to carry one.
    public struct Number: Equatable, Sendable {
        public let text: String

        /// `text` must be a JSON number.
        public init(text: String) { self.text = text }
        public init<Value: BinaryInteger>(_ value: Value) { text = decimal(value) }

        /// The value when it is a whole number in range, "1e3" and "1.0" not counted (Go refuses them too).
        public var int: Int? { Int(text) }
        public var uint: UInt64? { UInt64(text) }
    }

    /// Members in order. A later member of the same name replaces the earlier one's value.
    public struct Object: Equatable, Sendable {
        public private(set) var members: [(name: String, value: JSON)]
        /// Positions by name, kept only when there are many members.
        private var positions: [String: Int]?

        public init() { members = [] }

        public init(_ members: [(String, JSON)]) {
            self.members = []
            self.members.reserveCapacity(members.count)
            for (name, value) in members { self[name] = value }
        }

        public var count: Int { members.count }
        public var isEmpty: Bool { members.isEmpty }
        public var names: [String] { members.map { $0.name } }

        /// The member's value; setting nil removes the member.
        public subscript(name: String) -> JSON? {
            get { position(of: name).map { members[$0].value } }
            set {
                if let index = position(of: name) {
                    if let newValue {
                        members[index].value = newValue
                    } else {
                        members.remove(at: index)
                        positions = nil
                    }
                } else if let newValue {
                    members.append((name, newValue))
                    if positions != nil { positions?[name] = members.count - 1 } else { index() }
                }
            }
        }

        /// Appends a member whose name is known to be new: writers of fixed fields pay for no search.
        public mutating func add(_ name: String, _ value: JSON) {
            members.append((name, value))
            if positions != nil { positions?[name] = members.count - 1 } else { index() }
        }

        private func position(of name: String) -> Int? {
            if let positions { return positions[name] }
            return members.firstIndex { $0.name == name }
        }

        private mutating func index() {
            guard members.count > 16 else { return }
            var all: [String: Int] = [:]
            for (position, member) in members.enumerated() { all[member.name] = position }
            positions = all
        }

        public static func == (left: Object, right: Object) -> Bool {
            guard left.members.count == right.members.count else { return false }
            for (a, b) in zip(left.members, right.members) where a.name != b.name || a.value != b.value { return false }
            return true
        }
    }
}

/// Decimal digits without the help of the standard library's description machinery.
func decimal<Value: BinaryInteger>(_ value: Value) -> String {
    if let small = Int(exactly: value) { return String(small) }
    return String(UInt64(truncatingIfNeeded: value))
}

extension JSON {
    public static func int<Value: BinaryInteger>(_ value: Value) -> JSON { .number(Number(value)) }
    public static func strings(_ values: [String]) -> JSON { .array(values.map { .string($0) }) }
    /// An object from pairs, in their order.
    public static func members(_ members: [(String, JSON)]) -> JSON { .object(Object(members)) }

    public var isNull: Bool { if case .null = self { true } else { false } }
    public var string: String? { if case .string(let text) = self { text } else { nil } }
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    public var int: Int? { if case .number(let number) = self { number.int } else { nil } }
    public var array: [JSON]? { if case .array(let items) = self { items } else { nil } }
    public var object: Object? { if case .object(let object) = self { object } else { nil } }

    /// The member of an object; nil when this is no object or has no such member.
    public subscript(name: String) -> JSON? { if case .object(let object) = self { object[name] } else { nil } }
    /// The element of an array; nil when this is no array or too short.
    public subscript(index: Int) -> JSON? {
        if case .array(let items) = self, index >= 0, index < items.count { items[index] } else { nil }
    }
}
