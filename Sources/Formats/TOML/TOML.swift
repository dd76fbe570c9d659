/// A TOML value, of the part of TOML 1.0 that configuration files use: no dates.
public indirect enum TOML: Equatable, Sendable {
    case string(String)
    case integer(Int)
    /// A number with a fraction, as its text.
    case float(String)
    case bool(Bool)
    case array([TOML])
    case table(Table)

    /// Keys in the order written.
    public struct Table: Equatable, Sendable {
        public private(set) var members: [Member] = []

        public struct Member: Equatable, Sendable {
            public let key: String
            public var value: TOML
        }

        public init() {}

        public init(_ members: [(String, TOML)]) {
            for (key, value) in members { self[key] = value }
        }

        /// The value; setting nil removes the key.
        public subscript(key: String) -> TOML? {
            get { members.first { $0.key == key }?.value }
            set {
                let index = members.firstIndex { $0.key == key }
                switch (index, newValue) {
                case (let index?, let value?): members[index].value = value
                case (let index?, nil): members.remove(at: index)
                case (nil, let value?): members.append(Member(key: key, value: value))
                case (nil, nil): break
                }
            }
        }
    }

    public var string: String? { if case .string(let text) = self { text } else { nil } }
    public var integer: Int? { if case .integer(let number) = self { number } else { nil } }
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    public var array: [TOML]? { if case .array(let items) = self { items } else { nil } }
    public var table: Table? { if case .table(let table) = self { table } else { nil } }
}

/// Text that is no TOML.
public struct TOMLError: Error, Equatable, Sendable, CustomStringConvertible {
    public let line: Int
    public let message: String

    public var description: String { "(\(line), 1): \(message)" }
}
