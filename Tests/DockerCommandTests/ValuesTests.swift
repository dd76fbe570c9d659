import JSON
import Testing

@testable import DockerCommand

@Test(arguments: [
    (0.0, 4, "0B"), (999, 4, "999B"), (1000, 4, "1kB"), (1_984_708, 3, "1.98MB"), (1_984_708, 4, "1.985MB"),
    (932, 3, "932B"),
    (1_500_000_000, 3, "1.5GB"),
])
func sizesHaveDecimalUnits(_ bytes: Double, _ digits: Int, _ text: String) {
    #expect(Human.size(bytes, digits: digits) == text)
}

@Test(arguments: [(25_276_510_208.0, "23.54GiB"), (335_872, "328KiB"), (0, "0B")])
func memoryHasBinaryUnits(_ bytes: Double, _ text: String) { #expect(Human.binarySize(bytes) == text) }

@Test(arguments: [("10m", 10_485_760), ("1.5GiB", 1_610_612_736), ("64", 64), ("2kb", 2048), ("100K", 102_400)])
func sizesAreRead(_ text: String, _ bytes: Int) { #expect(Human.parseBytes(text) == Int64(bytes)) }

@Test(arguments: ["", "abc", "-1", "1x", "1 0"]) func badSizesAreRefused(_ text: String) {
    #expect(Human.parseBytes(text) == nil)
}

@Test func timesGoThroughEveryForm() throws {
    let moment = try #require(Moment("2026-11-25T18:07:42.306713001Z"))
    #expect(moment.seconds == 1_795_630_062 && moment.nanoseconds == 306_713_001)
    #expect(moment.goUTC == "2026-11-25 18:07:42.306713001 +0000 UTC")
    #expect(Moment("2026-11-25T19:07:42+01:00")?.seconds == moment.seconds)
    #expect(Moment("soon") == nil)
}

@Test(arguments: [
    ("busybox", "docker.io/library/busybox", "busybox:latest"), ("a/b:c", "docker.io/a/b", "a/b:c"),
    ("localhost:5000/x", "localhost:5000/x", "localhost:5000/x:latest"),
    ("ghcr.io/a/b:1", "ghcr.io/a/b", "ghcr.io/a/b:1"),
])
func referencesAreNormalized(_ text: String, _ full: String, _ familiar: String) throws {
    let reference = try ImageReference(text)
    #expect(reference.fullName == full)
    #expect(reference.tagged.familiar == familiar)
}

@Test(arguments: ["A", "a b", "a:", "a:b:c", "", "a//b", "-a", "a@sha256:x"])
func badReferencesAreRefused(_ text: String) { #expect(throws: (any Error).self) { try ImageReference(text) } }

@Test func portsOfAListingAreGrouped() throws {
    let ports = try JSON(
        parsing:
            #"[{"IP":"0.0.0.0","PrivatePort":80,"PublicPort":8089,"Type":"tcp"},"#
            + #"{"IP":"::","PrivatePort":80,"PublicPort":8089,"Type":"tcp"},"#
            + #"{"IP":"0.0.0.0","PrivatePort":9000,"PublicPort":9000,"Type":"udp"},"#
            + #"{"IP":"0.0.0.0","PrivatePort":9001,"PublicPort":9001,"Type":"udp"},"#
            + #"{"PrivatePort":443,"Type":"tcp"}]"#)
    #expect(
        PortText.display(ports.array ?? [])
            == "443/tcp, 0.0.0.0:9000-9001->9000-9001/udp, 0.0.0.0:8089->80/tcp, [::]:8089->80/tcp")
}

@Test func ignoreRulesFollowTheLastMatch() {
    let rules = IgnoreRules("*.o\n# c\nbuild/\n!build/keep\n**/tmp\n[ab]?x\n", alwaysSent: ["Dockerfile"])
    #expect(rules.matches("a.o") && rules.matches("build/x") && rules.matches("deep/er/tmp/f") && rules.matches("a1x"))
    #expect(
        !rules.matches("build/keep") && !rules.matches("src/a.o") && !rules.matches("Dockerfile")
            && !rules.matches("c1x"))
}

@Test func namesSortWithTheirNumbers() {
    #expect(["web10", "web2", "a"].sorted { $0.naturallyPrecedes($1) } == ["a", "web2", "web10"])
}
