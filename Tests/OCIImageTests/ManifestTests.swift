import JSON
import OCIImage
import Testing

let dockerManifest =
    #"{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json","con"#
    + #"fig":{"mediaType":"application/vnd.docker.container.image.v1+json","digest":"sha256:beae17"#
    + #"3ccac6ad749f76713cf4440fe3d21d1043fe616dfbe30775815d1d0f6a","size":1457},"layers":[{"media"#
    + #"Type":"application/vnd.docker.image.rootfs.diff.tar.gzip","digest":"sha256:5cc84ad355aaa64"#
    + #"f46ea9c7bbcc319a9d808ab15088a27209c9e70ef86e5a2aa","size":772788}]}"#

@Test func aManifestKeepsItsBytes() throws {
    let manifest = try OCIManifest(parsing: Array(dockerManifest.utf8))
    #expect(manifest.layers.count == 1 && manifest.config.size == 1457)
    #expect(manifest.json.text() == dockerManifest)
}

@Test func anIndexKeepsPlatformsAndAnnotations() throws {
    let text =
        #"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"me"#
        + #"diaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:aa","size":2,"annot"#
        + #"ations":{"io.containerd.image.name":"docker.io/library/a:b"},"platform":{"architecture":"a"#
        + #"rm64","os":"linux","variant":"v8"}}]}"#
    let index = try OCIIndex(parsing: Array(text.utf8))
    #expect(index.manifests[0].platform?.text == "linux/arm64/v8")
    #expect(index.manifests[0].annotation("io.containerd.image.name") == "docker.io/library/a:b")
    #expect(index.json.text() == text)
}

@Test func aSavedArchiveListsItsImages() throws {
    let text =
        #"[{"Config":"beae.json","RepoTags":["busybox:latest"],"Layers":["5cc8/layer.tar"]},{"Config"#
        + #"":"c.json","RepoTags":null,"Layers":[]}]"#
    let images = try DockerArchiveImage.list(parsing: Array(text.utf8))
    #expect(images.count == 2 && images[1].repoTags == [])
    #expect(JSON.array(images.map { $0.json }).text() == text)
    #expect(throws: JSON.Failure.self) { try DockerArchiveImage.list(parsing: Array("{}".utf8)) }
}

@Test func aConfigIsReadWithItsHistory() throws {
    let text =
        #"{"architecture":"amd64","config":{"Cmd":["sh"],"Labels":{"a":"b"}},"created":"2020-01-01T0"#
        + #"0:00:00Z","history":[{"created":"2020-01-01T00:00:00Z","created_by":"x","empty_layer":true"#
        + #"}],"os":"linux","rootfs":{"type":"layers","diff_ids":["sha256:aa"]}}"#
    let config = try OCIImageConfig(parsing: Array(text.utf8))
    #expect(config.diffIDs == ["sha256:aa"] && config.label("a") == "b" && config.history[0].emptyLayer)
    #expect(JSON.object(config.raw).text() == text)
}

@Test func truncatedDocumentsAreRefused() {
    let bytes = Array(dockerManifest.utf8).dropLast()
    for length in 0..<bytes.count {
        #expect(throws: JSON.Failure.self) { try OCIManifest(parsing: Array(bytes[0..<length])) }
    }
}

@Test(arguments: [("linux/amd64", true), ("amd64", true), ("linux/arm64", false), ("windows/amd64", false)])
func platformsAreCompared(_ text: String, _ fits: Bool) throws {
    let platform = try #require(OCIPlatform(text))
    #expect(OCIPlatform(os: "linux", architecture: "amd64").matches(platform) == fits)
}
