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

func changed(_ lines: [String]) throws -> ContainerConfig {
    var changes = ConfigChanges(config: ContainerConfig())
    try changes.apply(lines)
    return changes.config
}

@Test func instructionsChangeTheConfiguration() throws {
    let config = try changed([
        "CMD [\"a\", \"b c\"]", "ENTRYPOINT run it", "ENV A=1 B=\"two words\"", "env C three words", "LABEL l=v",
        "EXPOSE 80 53/udp",
        "USER me", "WORKDIR /srv", "WORKDIR below", "VOLUME [\"/data\"]", "STOPSIGNAL SIGINT",
        "HEALTHCHECK CMD true", "ONBUILD RUN x",
    ])
    #expect(config.cmd == ["a", "b c"] && config.entrypoint == ["/bin/sh", "-c", "run it"])
    #expect(config.env == ["A=1", "B=two words", "C=three words"])
    #expect(config.labels == ["l": "v"] && config.exposedPorts == ["80/tcp", "53/udp"])
    #expect(config.user == "me" && config.workingDir == "/srv/below" && config.volumes == ["/data"])
    #expect(
        config.stopSignal == "SIGINT" && config.healthcheck?.test == ["CMD-SHELL", "true"]
            && config.onBuild == ["RUN x"])
}

@Test(arguments: [
    ("FOO x", "foo is not a valid change command"), ("RUN x", "run is not a valid change command"),
    ("CMD", "CMD requires at least one argument"), ("ENV a", "ENV must have two arguments"),
])
func otherInstructionsAreRefused(_ line: String, _ message: String) {
    #expect(throws: ImageError(400, message)) { try changed([line]) }
}

@Test(arguments: [
    ("2020-01-01T00:00:00Z", 1_577_836_800), ("2020-01-01", 1_577_836_800), ("1577836800", 1_577_836_800),
])
func momentsOfFiltersAreRead(_ text: String, _ seconds: Int) {
    #expect(ImageStore.moment(text)?.seconds == seconds)
    #expect(ImageStore.moment("soon") == nil)
}

@Test func durationsAreBeforeNow() throws {
    let hour = try #require(ImageStore.moment("1h"))
    let more = try #require(ImageStore.moment("1h30m"))
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
