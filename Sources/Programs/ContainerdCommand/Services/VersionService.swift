internal import CLinux
internal import ContainerdAPI
internal import GRPC
internal import Linux
internal import Metadata
internal import Protobuf

/// Version, Introspection, and gRPC's own health service.
extension Services {
    func registerVersion(on router: inout GRPCRouter) {
        router.unary(VersionService.version) { [idle] (_, _) throws(GRPCStatus) in
            idle.touch()
            return VersionService.VersionResponse(
                version: ContainerdCommand.version, revision: ContainerdCommand.revision)
        }
        router.unary(Health.check) { (request, _) throws(GRPCStatus) in
            // The empty name is the server as a whole.
            if !request.service.isEmpty { throw GRPCStatus(.notFound, "unknown service") }
            return HealthResponse(status: 1)
        }
    }

    func registerIntrospection(on router: inout GRPCRouter) {
        router.unary(IntrospectionService.plugins) { [self] (request, _) throws(GRPCStatus) in
            let filter = try translated { () throws(ServiceError) in try Filter(recordFilters: request.filters) }
            let chosen = Plugins.all.filter { plugin in
                !configuration.disabled.contains(plugin.uri) && filter.matches { plugin.read($0) }
            }
            return IntrospectionService.PluginsResponse(plugins: chosen.map(described))
        }
        router.unary(IntrospectionService.server) { [self] (_, _) throws(GRPCStatus) in
            var response = IntrospectionService.ServerResponse()
            response.uuid = uuid
            response.pid = UInt64(getpid())
            response.pidns = UInt64(Files.status("/proc/self/ns/pid")?.st_ino ?? 0)
            return response
        }
    }

    private func described(_ plugin: Plugins) -> IntrospectionService.Plugin {
        var message = IntrospectionService.Plugin()
        message.type = plugin.type
        message.id = plugin.id
        message.capabilities = plugin.capabilities
        if plugin.hasRoot { message.exports["root"] = configuration.root + "/" + plugin.uri }
        let ofPlatform = ["io.containerd.snapshotter.v1", "io.containerd.runtime.v2", "io.containerd.differ.v1"]
        if ofPlatform.contains(plugin.type) {
            message.platforms = [ContainerdTypes.Platform(os: "linux", architecture: Plugins.architecture)]
        }
        return message
    }
}

extension Plugins {
    fileprivate func read(_ path: [String]) -> String? {
        switch path[0] {
        case "type": type
        case "id": id
        default: nil
        }
    }
}

/// grpc.health.v1, of which containerd answers Check.
private enum Health {
    static var check: ProtobufMethod<HealthRequest, HealthResponse> { .init("grpc.health.v1.Health", "Check") }
}

private struct HealthRequest: ProtobufMessage {
    static var protobufName: String { "grpc.health.v1.HealthCheckRequest" }
    var service = ""

    mutating func merge(from reader: inout ProtobufReader) throws(ProtobufError) {
        while let field = try reader.nextField() {
            if field == 1 { service = try reader.string() } else { try reader.skip() }
        }
    }

    func write(to writer: inout ProtobufWriter) { writer.string(1, service) }
}

private struct HealthResponse: ProtobufMessage {
    static var protobufName: String { "grpc.health.v1.HealthCheckResponse" }
    /// 1: serving.
    var status: Int32 = 0

    init() {}
    init(status: Int32) { self.status = status }

    mutating func merge(from reader: inout ProtobufReader) throws(ProtobufError) {
        while let field = try reader.nextField() {
            if field == 1 { status = try reader.int32() } else { try reader.skip() }
        }
    }

    func write(to writer: inout ProtobufWriter) { writer.int32(1, status) }
}
