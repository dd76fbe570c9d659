import OCIRuntime
import Testing

@testable import CtrCommand

@Suite struct Texts {
    @Test(
        arguments: [
            (0, 0, "1970-01-01T00:00:00Z"), (1_500_000_000, 0, "2017-07-14T02:40:00Z"),
            (951_782_400, 0, "2000-02-29T00:00:00Z"), (-62_135_596_800, 0, "0001-01-01T00:00:00Z"),
            (1_764_094_673, 111_651_054, "2025-11-25T18:17:53.111651054Z"), (1, 500_000_000, "1970-01-01T00:00:01.5Z"),
        ] as [(Int64, Int, String)])
    func momentsArePrintedAsGoPrintsThem(seconds: Int64, nanoseconds: Int, text: String) {
        #expect(Moment(seconds: seconds, nanoseconds: nanoseconds).nano3339 == text)
    }

    @Test(
        arguments: [
            ("1h30m", 5_400_000_000_000), ("300ms", 300_000_000), ("0", 0), ("1.5s", 1_500_000_000),
            ("-1s", -1_000_000_000),
            ("", nil), ("1", nil), ("s", nil), ("1x", nil),
        ] as [(String, Int64?)])
    func durationsAreRead(text: String, expected: Int64?) { #expect(parseDuration(text) == expected) }

    @Test(
        arguments: [
            (0, "0.0 B"), (512, "512.0 B"), (1_536, "1.5 KiB"), (2_140_976, "2.0 MiB"),
        ] as [(Int64, String)])
    func sizesInPowersOfTwo(bytes: Int64, text: String) { #expect(binarySize(bytes) == text) }

    @Test(
        arguments: [
            (0, "0B"), (394, "394B"), (2_140_160, "2.14MB"), (1_000, "1kB"), (999_999, "1000kB"),
            (12_345_678, "12.35MB"),
        ] as [(Int64, String)])
    func sizesInPowersOfTen(bytes: Int64, text: String) { #expect(decimalSize(bytes) == text) }

    @Test(
        arguments: [
            (0, "Less than a second"), (1, "1 second"), (59, "59 seconds"), (61, "About a minute"), (600, "10 minutes"),
            (3_600, "About an hour"), (7_200, "2 hours"), (300_000, "3 days"),
        ] as [(Int64, String)])
    func agesForPeople(seconds: Int64, text: String) { #expect(humanDuration(seconds: seconds) == text) }

    @Test func variablesReplaceRemoveAndFollow() {
        let result = merged(["PATH=/bin", "A=1", "B=2"], with: ["A=3", "B", "C=4", "D"])
        #expect(result == ["PATH=/bin", "A=3", "C=4"])
    }

    @Test func labelsFromArguments() {
        #expect(labels(["a=b", "c", "d=e=f"]) == ["a": "b", "c": "true", "d": "e=f"])
        #expect(objectWithLabels(["x", "a=b", "c"]).labels == ["a": "b", "c": ""])
        #expect(labelText(["b": "2", "a": "1"]) == "a=1,b=2")
    }

    @Test(
        arguments: [
            ("sha256:" + String(repeating: "0", count: 64), nil), ("foo", "invalid checksum digest format"),
            ("", "invalid checksum digest format"), ("sha256:00", "invalid checksum digest length"),
            ("md5:00", "unsupported digest algorithm"),
        ] as [(String, String?)])
    func digestsAreChecked(text: String, refusal: String?) {
        do {
            try checkDigest(text)
            #expect(refusal == nil)
        } catch {
            #expect(words(error) == refusal)
        }
    }

    @Test func theUsualSpecificationAllowsNineKindsOfDevices() {
        var spec = Spec.usual(cgroup: "/default/c")
        spec.allowUsualDevices()
        #expect(spec.linux?.resources?.devices.count == 10)
        #expect(spec.linux?.cgroupsPath == "/default/c")
        #expect(spec.process?.noNewPrivileges == true)
    }
}
