import Testing

@testable import Metadata

private let fields: [String: String] = [
    "name": "foo", "topic": "/tasks/exit", "labels.a": "1", "labels.io.x/y": "z", "empty": "",
]

private func matches(_ filters: String...) throws -> Bool {
    try Filter(filters).matches { fields[$0.joined(separator: ".")] }
}

@Test(arguments: [
    ("name==foo", true), ("name==bar", false), ("name!=bar", true), ("name", true), ("other", false),
    ("name==\"foo\"", true), ("labels.a==1", true), ("labels.\"io.x/y\"==z", true), ("name==foo,labels.a==2", false),
    ("name==foo,labels.a==1", true), ("topic~=/^\\/tasks\\//", true), ("topic~=|^/tasks/|", true),
    ("topic~=\"exit$\"", true), ("name~=^fo+$", true), ("name~=^\\d+$", false), ("other!=x", true), ("empty", true),
])
func oneFilter(_ filter: String, _ expected: Bool) throws { #expect(try matches(filter) == expected) }

@Test func severalFiltersAreAlternatives() throws {
    #expect(try matches("name==bar", "labels.a==1"))
    #expect(try !matches("name==bar", "labels.a==2"))
    #expect(try matches())
    #expect(try matches(""))
}

@Test(arguments: [",", "name==", "name=foo", "==x", "name==\"foo", "name~=(", "name==foo,", "name foo", "a.", "name~"])
func refusesWhatIsNoFilter(_ filter: String) { #expect(throws: ServiceError.self) { try Filter([filter]) } }
