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
    // What is not there reads as the empty text, but is not equal to it.
    ("other!=\"\"", false), ("other==\"\"", false), ("empty==\"\"", true), ("other~=\"^$\"", true),
    ("\"name\"==foo", true), (" name==foo", true), ("name==foo, labels.a", true), ("name== foo", true),
    ("topic==\"/tasks/exit\"", true),
    ("name ==foo", true), ("name==\"\\x66\\157\\u006f\"", true), ("name==\"\\U0000006foo\"", false),
    ("name==x.y", false), ("name==foo*", false), ("name==é", false), ("labels.a.b", false),
])
func oneFilter(_ filter: String, _ expected: Bool) throws { #expect(try matches(filter) == expected) }

@Test func severalFiltersAreAlternatives() throws {
    #expect(try matches("name==bar", "labels.a==1"))
    #expect(try !matches("name==bar", "labels.a==2"))
    #expect(try matches())
    #expect(try matches(""))
}

/// Expressions the C library knows in another way than Go.
@Test(arguments: [
    ("name~=(?i)FOO", true), ("name~=f.*?o", true), ("name~=\\Af", true), ("name~=\\wo\\z", true),
    ("name~=[\\w]{3}", true),
    ("name~=\\S", true), ("name~=\\s", false), ("name~=[[:alpha:]]", true), ("name~=(?:f|g)oo", true),
    ("name~=]", false),
    // What does not compile matches nothing.
    ("name~=(", false), ("name~=[", false), ("name~=(o)\\1", false), ("name~=(?=f)", false), ("name~=*", false),
])
func expressions(_ filter: String, _ expected: Bool) throws { #expect(try matches(filter) == expected) }

/// Each with the place and the words that containerd answers.
@Test(arguments: [
    (",", " >|,|< ]: expected field or quoted"), ("name==", "name==]: expected value or quoted"),
    ("name=foo", "name >|=|< foo]: unsupported operator \"=\""), ("==x", " >|=|< =x]: expected field or quoted"),
    ("name===x", "name >|=|< ==x]: unsupported operator \"===\""),
    ("name~", "name >|~|< ]: unsupported operator \"~\""),
    ("name==\"foo", "name== >|\"|< foo]: quoted literal not terminated"),
    ("name==foo,", "name==foo,]: expected field or quoted"),
    ("name==\"foo\"bar", "name==\"foo\"b >|a|< r]: unexpected input: b"),
    ("name==x y", "name==x  >|y|< ]: unexpected input:  "),
    ("name foo", "name  >|f|< oo]: expected an operator (\"==\"|\"!=\"|\"~=\")"),
    ("a.", "a.]: expected field or quoted"),
    ("name ", "name ]: expected an operator (\"==\"|\"!=\"|\"~=\")"),
    ("foo.*", "foo. >|*|< ]: expected field or quoted"),
    ("name==/x/", "name== >|/|< x/]: invalid quote encountered"),
    ("name~=/\\d/", "name~= >|/|< \\d/]: illegal escape sequence"),
    ("name==\"\\x4\"", "name== >|\"|< \\x4\"]: illegal numeric escape sequence"),
    ("/name/", " >|/|< name/]: invalid quote encountered"),
    ("name==\"\\777\"", "name== >|\"|< \\777\"]: unquoting failed: quote syntax error"),
    ("name==\"\\U99999999\"", "name== >|\"|< \\U99999999\"]: unquoting failed: quote syntax error"),
    ("name==.x", "name== >|.|< x]: expected value or quoted"), ("na\u{0}me", "na >|\u{0}|< me]: unexpected null"),
    ("name==\"a\nb\"", "name== >|\"|< a\nb\"]: quoted literal not terminated"),
    ("name==\"\\", "name== >|\"|< \\]: illegal escape sequence"),
])
func refusesWhatIsNoFilter(_ filter: String, _ words: String) {
    #expect(throws: ServiceError.invalidArgument("filters: parse error: [" + words)) { try Filter([filter]) }
}

/// Whatever comes in, an answer comes out.
@Test func hostileFilters() {
    let pieces = [
        "\"", "/", "|", "\\", "\\x", "\\u", "\\U", "\\0", "==", "~=", "!", ",", ".", "a", " ", "\n", "\u{0}", "é",
        "\u{FFFD}", "0", "f", "(", "[", "*",
    ]
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<20_000 {
        let text = (0..<Int.random(in: 0..<12, using: &generator)).map { _ in pieces.randomElement() ?? "" }.joined()
        if let filter = try? Filter([text]) { _ = filter.matches { _ in "a" } }
    }
    let long = String(repeating: "a.", count: 100_000) + "a==" + String(repeating: "x", count: 100_000)
    #expect(throws: Never.self) { try Filter([long]) }
}
