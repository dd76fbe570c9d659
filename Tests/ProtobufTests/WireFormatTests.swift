import Protobuf
import Testing

/// A message with one field of each kind.
private struct Sample: ProtobufMessage, Equatable {
    static let protobufName = "sample.Sample"
    var text = ""
    var data: [UInt8] = []
    var count: UInt64 = 0
    var offset: Int32 = 0
    var ratio = 0.0
    var flag = false
    var texts: [String] = []
    var numbers: [UInt64] = []
    var labels: [String: String] = [:]
    var payloads: [String: ProtobufAny] = [:]
    var time: ProtobufTimestamp?
    var times: [ProtobufTimestamp] = []

    mutating func merge(from reader: inout ProtobufReader) throws(ProtobufError) {
        while let field = try reader.nextField() {
            switch field {
            case 1: text = try reader.string()
            case 2: data = try reader.data()
            case 3: count = try reader.uint64()
            case 4: offset = try reader.int32()
            case 5: ratio = try reader.double()
            case 6: flag = try reader.bool()
            case 7: try reader.append(to: &texts)
            case 8: try reader.append(to: &numbers)
            case 9: try reader.insert(into: &labels)
            case 10: try reader.insert(into: &payloads)
            case 11: try reader.merge(into: &time)
            case 12: try reader.append(to: &times)
            default: try reader.skip()
            }
        }
    }

    func write(to writer: inout ProtobufWriter) {
        writer.string(1, text)
        writer.data(2, data)
        writer.uint64(3, count)
        writer.int32(4, offset)
        writer.double(5, ratio)
        writer.bool(6, flag)
        writer.strings(7, texts)
        writer.packed(8, numbers)
        writer.map(9, labels)
        writer.map(10, payloads)
        writer.message(11, time)
        writer.messages(12, times)
    }

    static let full: Sample = {
        var sample = Sample()
        sample.text = "grüß dich"
        sample.data = Array(0...255)
        sample.count = .max
        sample.offset = -7
        sample.ratio = 0.25
        sample.flag = true
        sample.texts = ["", "a", String(repeating: "long ", count: 60)]
        sample.numbers = [0, 1, 127, 128, .max]
        sample.labels = ["a": "b", "": "empty key"]
        sample.payloads = ["x": ProtobufAny(typeURL: "t", value: [1, 2, 3])]
        sample.time = ProtobufTimestamp(seconds: -62_135_596_800, nanos: 999_999_999)
        sample.times = [ProtobufTimestamp(), ProtobufTimestamp(seconds: 1, nanos: 2)]
        return sample
    }()
}

@Suite struct WireFormat {
    @Test func everyKindOfFieldComesBack() throws {
        #expect(try Sample(protobuf: Sample.full.protobuf()) == Sample.full)
    }

    @Test func defaultsTakeNoBytes() throws {
        #expect(Sample().protobuf() == [])
        #expect(try Sample(protobuf: []) == Sample())
    }

    @Test func truncationAtEveryOffsetNeverReadsPastTheEnd() throws {
        let bytes = Sample.full.protobuf()
        for count in 0..<bytes.count {
            do throws(ProtobufError) {
                // A cut between two fields is a shorter message; any other must be refused.
                let cut = try Sample(protobuf: Array(bytes[..<count]))
                #expect(cut != Sample.full)
            } catch {
                #expect(error == .truncated)
            }
        }
    }

    @Test func aFlippedBitIsReadOrRefusedButNeverTraps() {
        let bytes = Sample.full.protobuf()
        for bit in 0..<bytes.count * 8 {
            var hostile = bytes
            hostile[bit / 8] ^= 1 << UInt8(bit % 8)
            // Either outcome is right; the process must live.
            _ = try? Sample(protobuf: hostile)
        }
    }

    @Test(
        arguments: [
            ([0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02], ProtobufError.overflow),
            ([0x00], .malformedTag),
            ([0x7f], .malformedTag),
            ([0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], .truncated),
            ([0x08, 0x01], .wrongWireType(field: 1)),
            ([0x1a, 0x00], .wrongWireType(field: 3)),
            ([0x73], .truncated),
            ([0x74], .malformedTag),
        ] as [([UInt8], ProtobufError)])
    func malformedBytesAreRefused(_ bytes: [UInt8], _ expected: ProtobufError) {
        #expect(throws: expected) { try Sample(protobuf: bytes) }
    }

    @Test func unknownFieldsAndGroupsArePassedOver() throws {
        // groups 100 and, inside, 101
        var bytes: [UInt8] = [0xa3, 0x06, 0x08, 0x01, 0xab, 0x06, 0xac, 0x06, 0xa4, 0x06]
        bytes += [0xa1, 0x06] + [UInt8](repeating: 1, count: 8) + [0xa5, 0x06, 1, 2, 3, 4]
        bytes += [0x18, 0x05]
        #expect(try Sample(protobuf: bytes).count == 5)
    }

    @Test func numbersComePackedOrOneByOne() throws {
        #expect(try Sample(protobuf: [0x40, 0x01, 0x42, 0x02, 0x02, 0x03, 0x40, 0x04]).numbers == [1, 2, 3, 4])
    }

    @Test func aRepeatedMessageFieldIsMerged() throws {
        let bytes: [UInt8] = [0x5a, 0x02, 0x08, 0x05, 0x5a, 0x02, 0x10, 0x06]
        #expect(try Sample(protobuf: bytes).time == ProtobufTimestamp(seconds: 5, nanos: 6))
    }

    @Test func anAnyIsUnpackedByItsNameWithOrWithoutAHost() throws {
        let packed = ProtobufAny(packing: Sample.full)
        #expect(packed.typeURL == "sample.Sample")
        #expect(try packed.unpack(Sample.self) == Sample.full)
        let hosted = ProtobufAny(typeURL: "type.googleapis.com/sample.Sample", value: packed.value)
        #expect(try hosted.unpack(Sample.self) == Sample.full)
        #expect(try hosted.unpack(ProtobufTimestamp.self) == nil)
    }

    @Test func nestedLengthsOverOneByteAreExact() throws {
        for size in [0, 1, 100, 123, 124, 125, 126, 127, 128, 200, 16_380, 16_384, 70_000] {
            var sample = Sample()
            sample.payloads = ["k": ProtobufAny(typeURL: "", value: [UInt8](repeating: 7, count: size))]
            #expect(try Sample(protobuf: sample.protobuf()) == sample)
        }
    }
}
