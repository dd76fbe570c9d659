internal import CLinux
internal import ContainerdAPI
internal import GRPC
internal import Linux
internal import Protobuf

extension ContainerdCommand {
    /// `containerd publish`: sends the event on standard input, a packed message, to the daemon. Shims run it when
    /// they cannot reach the events socket.
    static func publish(_ address: String, _ namespace: String, _ topic: String) -> Int32 {
        if topic.isEmpty { return failed("topic required to publish event: invalid argument") }
        let event: ProtobufAny
        let outcome: Pipe
        do {
            event = try ProtobufAny(protobuf: try Files.read("/dev/stdin"))
            outcome = try Pipe()
        } catch {
            return failed("\(error)")
        }
        let address = address.isEmpty ? "/run/containerd/containerd.sock" : address
        let (reader, writer) = (outcome.reader.number, outcome.writer.number)
        Task {
            var status: UInt8 = 0
            do throws(GRPCStatus) {
                let client = GRPCClient(address: address)
                let request = EventsService.PublishRequest(topic: topic, event: event)
                let metadata = GRPCMetadata([("containerd-namespace", namespace)])
                _ = try await client.unary(
                    EventsService.publish, request, options: GRPCCallOptions(metadata: metadata, timeout: .seconds(5)))
            } catch {
                status = UInt8(truncatingIfNeeded: failed(error.message))
            }
            // The reader is this very process.
            try? writeEverything([status], to: writer)
        }
        return waited(reader)
    }

    /// The status that the task writes at its end: the main thread has nothing else to do.
    private static func waited(_ reader: Int32) -> Int32 {
        var status: UInt8 = 1
        do throws(SystemCallError) {
            try checked("read") { CLinux.read(reader, &status, 1) }
        } catch {
            return failed(error.description)
        }
        return Int32(status)
    }
}
