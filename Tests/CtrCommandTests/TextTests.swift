import OCIRuntime
import Testing

@testable import CtrCommand

@Suite struct Texts {
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

    @Test func variablesReplaceRemoveAndFollow() {
        let result = merged(["PATH=/bin", "A=1", "B=2"], with: ["A=3", "B", "C=4", "D"])
        #expect(result == ["PATH=/bin", "A=3", "C=4"])
    }

    @Test func labelsFromArguments() {
        #expect(labels(["a=b", "c", "d=e=f"]) == ["a": "b", "c": "true", "d": "e=f"])
        #expect(objectWithLabels(["x", "a=b", "c"]).labels == ["a": "b", "c": "true"])
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
