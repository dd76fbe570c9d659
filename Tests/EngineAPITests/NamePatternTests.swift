import Testing

@testable import EngineAPI

@Suite struct NamePatternTests {
    @Test(arguments: [
        ("ab", "cabd", true), ("^ab", "cab", false), ("^ab$", "ab", true), ("a.c", "xabcx", true),
        ("a.c$", "ac", false),
        ("^/?web", "/web1", true), ("w[a-f]b", "web", true), ("w[^a-f]b", "web", false),
        ("^(foo|bar)-[0-9]+$", "bar-12", true),
        ("^(foo|bar)-[0-9]+$", "bar-", false), ("fo*$", "f", true), ("a\\.b", "axb", false), ("", "x", true),
        ("x|y", "zy", true),
    ])
    func aNameIsComparedAsUpstreamDoesIt(_ pattern: String, _ name: String, _ matches: Bool) throws {
        #expect(try #require(NamePattern(pattern)).matches(name) == matches)
    }

    @Test(arguments: ["[", "(", "a)", "*a", "a\\", "[]", "[b-a]"])
    func whatIsNoPatternMatchesNothing(_ pattern: String) {
        #expect(NamePattern(pattern) == nil)
        #expect(!Filters(["name": [pattern]]).matchName("name", pattern))
    }

    @Test func aPatternThatRepeatsForEverEnds() throws {
        #expect(try #require(NamePattern("^(a?)*b$")).matches(String(repeating: "a", count: 60)) == false)
        #expect(try #require(NamePattern("(a*)*(a*)*(a*)*b$")).matches(String(repeating: "a", count: 200)) == false)
    }
}
