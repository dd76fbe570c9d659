import ContainerdAPI
import Protobuf
import Testing

/// What containerd 1.6.20 sent: each message must be read, and written again, byte for byte.
@Suite struct UpstreamBytes {
    @Test func aListOfTasks() throws {
        let bytes = hex(Self.tasks)
        let response = try TasksService.ListTasksResponse(protobuf: bytes)
        #expect(response.tasks.map { $0.id } == ["m1"])
        #expect(response.tasks.first?.status == .running)
        #expect(response.tasks.first?.exitedAt?.isGoZero == true)
        // containerd writes the status as field 4, and no field that is at its default.
        #expect(response.protobuf() == bytes)
    }

    @Test func metricsOfControlGroups() throws {
        let bytes = hex(Self.metrics)
        let response = try TasksService.MetricsResponse(protobuf: bytes)
        let data = try #require(response.metrics.first?.data)
        let metrics = try #require(try data.unpack(CgroupStats.V1.Metrics.self))
        #expect(metrics.pids?.current == 1)
        #expect(metrics.memory?.usage?.limit == 9_223_372_036_854_771_712)
        #expect(metrics.cpu?.usage?.perCpu.count == 2)
        #expect(metrics.protobuf() == data.value)
        #expect(response.protobuf() == bytes)
    }

    @Test func anImage() throws {
        let bytes = hex(Self.images)
        let response = try ImagesService.ListImagesResponse(protobuf: bytes)
        #expect(response.images.first?.name == "docker.io/library/probe:1")
        #expect(response.images.first?.target?.size == 422)
        // Entries of a map have no order on the wire.
        #expect(response.protobuf().count == bytes.count)
        #expect(try ImagesService.ListImagesResponse(protobuf: response.protobuf()) == response)
    }

    @Test func aBlob() throws {
        let bytes = hex(Self.info)
        let response = try ContentService.InfoResponse(protobuf: bytes)
        #expect(response.info?.size == 394)
        #expect(response.info?.labels.keys.first == "containerd.io/gc.ref.snapshot.overlayfs")
        #expect(response.protobuf() == bytes)
    }

    @Test func snapshots() throws {
        let bytes = hex(Self.snapshots)
        let response = try SnapshotsService.ListSnapshotsResponse(protobuf: bytes)
        #expect(response.info.map { $0.kind } == [.active, .committed])
        #expect(response.info.first?.parent == response.info.last?.name)
        #expect(response.protobuf() == bytes)
    }

    @Test func truncationAtEveryOffset() {
        let bytes = hex(Self.metrics)
        for count in 0..<bytes.count {
            // Shorter or refused; never a trap.
            _ = try? TasksService.MetricsResponse(protobuf: Array(bytes[..<count]))
        }
    }

    static let tasks =
        "0a1512026d3118372002520b088092b8c398feffffff01"
    static let metrics =
        "0aeb010a0c08dae59cd8061091e9c5830112026d311ad6010a20696f2e636f6e7461696e6572642e6367726f7570732e"
        + "76312e4d65747269637312b101120208011a120a0e08eeaef1032207c2b4f402acfa7c12002292011080a00338f50240"
        + "e80248890558808003608020800180e0ffffffffffff7f880180e0ffffffffffff7f980180a003c001f502c801e802d0"
        + "018905e001808003e80180208a02130880e0ffffffffffff7f1080c0251880a088019202130880e0ffffffffffff7f10"
        + "80c0251880a088019a02120880e0ffffffffffff7f1080a00f18808026a2020a0880e0ffffffffffff7f2a004a00"
    static let images =
        "0a99020a19646f636b65722e696f2f6c6962726172792f70726f62653a311ae1010a346170706c69636174696f6e2f76"
        + "6e642e646f636b65722e646973747269627574696f6e2e6d616e69666573742e76322b6a736f6e12477368613235363a"
        + "613663656535393863383661653961386463613330356530383762633237653239623533313866306336343536343733"
        + "3839636536613431313063656130366218a6032a260a216f72672e6f70656e636f6e7461696e6572732e696d6167652e"
        + "7265662e6e616d651201312a350a18696f2e636f6e7461696e6572642e696d6167652e6e616d651219646f636b65722e"
        + "696f2f6c6962726172792f70726f62653a313a0b08d9e59cd80610d1edd55d420b08d9e59cd80610d1edd55d"
    static let info =
        "0ada010a477368613235363a366565373837623039666462363534346532653138356364653033346637313434633566"
        + "37313437363565393331613230613763303261333566643531663263108a031a0b08d9e59cd80610bfe39c5b220b08d9"
        + "e59cd806108bfa89682a720a27636f6e7461696e6572642e696f2f67632e7265662e736e617073686f742e6f7665726c"
        + "6179667312477368613235363a6134643264326630316534356538626132363633626536376261376531316561636266"
        + "6662303131366639383331313765633165613930316262636138373761"
    static let snapshots =
        "0a690a026d3112477368613235363a613464326432663031653435653862613236363362653637626137653131656163"
        + "626666623031313666393833313137656331656139303162626361383737611802220b08d9e59cd80610d19b986f2a0b"
        + "08d9e59cd80610d19b986f0a650a477368613235363a6134643264326630316534356538626132363633626536376261"
        + "37653131656163626666623031313666393833313137656331656139303162626361383737611803220b08d9e59cd806"
        + "10a5ff9b642a0b08d9e59cd80610a5ff9b64"
}

private func hex(_ text: String) -> [UInt8] {
    let digits = text.utf8.map { $0 >= 97 ? $0 - 87 : $0 - 48 }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}
