import EngineAPI
import Testing

@testable import Images

@Test(arguments: [
    ("probe*:*", "probe:1", true), ("*", "a/b", false), ("a/*", "a/b", true), ("b[a-c]x", "bbx", true),
    ("b[^a-c]x", "bbx", false), ("??", "ab", true), ("?", "/", false), ("a\\*", "a*", true), ("", "", true),
    ("a", "", false),
])
func patternsMatchAsGosDo(_ pattern: String, _ text: String, _ matches: Bool) {
    #expect(Pattern(pattern).matches(text) == matches)
}

@Test(arguments: [
    (0, "0B"), (999, "999B"), (1000, "1kB"), (4_277_760, "4.278MB"), (200_000_000, "200MB"), (123_456, "123.5kB"),
    (1_500_000_000, "1.5GB"),
])
func sizesReadAsDockersDo(_ bytes: Int, _ text: String) { #expect(ProgressBar.size(bytes) == text) }

@Test func aFullBarEndsWithItsArrow() {
    #expect(ProgressBar.text(current: 10, total: 10) == "[" + String(repeating: "=", count: 50) + ">]      10B/10B")
}

@Test(arguments: [
    ("2020-01-01T00:00:00Z", 1_577_836_800), ("2020-01-01", 1_577_836_800), ("1577836800", 1_577_836_800),
])
func momentsOfFiltersAreRead(_ text: String, _ seconds: Int) throws {
    #expect(try ImageStore.moment(text).seconds == seconds)
    #expect(throws: EngineError.self) { try ImageStore.moment("soon") }
}

@Test func durationsAreBeforeNow() throws {
    let hour = try ImageStore.moment("1h")
    let more = try ImageStore.moment("1h30m")
    #expect((1795...1805).contains(hour.seconds - more.seconds))
}

@Test func linksInAnArchiveAreFollowed() {
    var files = IntakenFiles()
    files.files = [
        "a/layer.tar": .link("../b/layer.tar"), "b/layer.tar": .bytes([1]), "x": .link("y"), "y": .link("x"),
    ]
    #expect(files.bytes("a/layer.tar") == [1])
    #expect(files.bytes("x") == nil)
    #expect(files.bytes("../../b/./layer.tar") == nil)
    #expect(files.folders == ["a", "b"])
}
