import ByteStream
import Digests
import Testing

@Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
])
func theDigestsOfTheStandardAreMade(_ text: String, _ hex: String) {
    #expect(Digest(of: Array(text.utf8)).description == "sha256:" + hex)
}

@Test func piecesMakeTheSameDigestAsTheWhole() throws {
    let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0) }
    let source = DigestingSource(BytesSource(bytes))
    let sink = DigestingSink(BytesSink())
    try source.copy(to: sink, pieces: 777)
    #expect(source.digest == Digest(of: bytes))
    #expect(sink.digest == Digest(of: bytes))
    #expect(sink.count == bytes.count)
}

@Test(arguments: [
    "sha256:", "sha256:abc", "sha512:" + String(repeating: "a", count: 64),
    "sha256:" + String(repeating: "A", count: 64),
    String(repeating: "a", count: 64),
])
func textThatIsNoDigestIsRefused(_ text: String) { #expect(Digest(text) == nil) }

@Test func aChainIsTheDigestOfTheChainBelowAndTheLayer() throws {
    let one = Digest(of: [1])
    let two = Digest(of: [2])
    #expect(Digest.chain(of: [one, two]) == [one, Digest(of: Array("\(one) \(two)".utf8))])
    #expect(Digest.chain(of: []) == [])
}
