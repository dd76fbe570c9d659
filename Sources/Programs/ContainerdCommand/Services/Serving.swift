internal import ContainerdAPI
internal import Content
internal import GRPC
internal import ImageDiff
internal import Metadata
internal import Protobuf
internal import Snapshots
internal import Tasks
internal import Workers

/// All that the gRPC services work with. Each service is an extension that registers its methods.
struct Services: Sendable {
    let configuration: Configuration
    let metadata: Metadata
    let content: ContentStore
    let snapshots: OverlaySnapshots
    let diff: ImageDiff
    let tasks: TaskStore
    let events: EventBus
    let collector: Collector
    let idle: IdleMemory
    /// Names this containerd; made once and kept.
    let uuid: String

    /// Every method there is.
    func router() -> GRPCRouter {
        var router = GRPCRouter()
        registerVersion(on: &router)
        registerIntrospection(on: &router)
        registerNamespaces(on: &router)
        registerContent(on: &router)
        registerImages(on: &router)
        registerSnapshots(on: &router)
        registerDiff(on: &router)
        registerLeases(on: &router)
        registerContainers(on: &router)
        registerTasks(on: &router)
        registerProcesses(on: &router)
        registerEvents(on: &router)
        return router
    }
}

extension Services {
    /// Whose request it is, from its headers. The namespace must be there.
    func requestScope(_ context: GRPCContext) throws(GRPCStatus) -> Scope {
        idle.touch()
        return try scope(of: context)
    }
}

private func scope(of context: GRPCContext) throws(GRPCStatus) -> Scope {
    guard let namespace = context.metadata["containerd-namespace"], !namespace.isEmpty else {
        throw GRPCStatus(.failedPrecondition, "namespace is required: failed precondition")
    }
    return try translated { () throws(ServiceError) in
        do throws(ServiceError) {
            try Identifier.check(namespace)
        } catch {
            throw error.prefixed("namespace validation")
        }
        let lease = context.metadata["containerd-lease"]
        return Scope(namespace: namespace, lease: lease?.isEmpty == true ? nil : lease)
    }
}

/// Runs what may block, off the event loop.
func blocking<Value: Sendable>(
    _ body: @escaping @Sendable () throws(ServiceError) -> Value
) async throws(GRPCStatus) -> Value {
    do throws(ServiceError) {
        return try await Workers.shared.run(body)
    } catch {
        throw GRPCStatus(error)
    }
}

/// Runs what suspends and throws the services' error.
func awaiting<Value: Sendable>(
    _ body: () async throws(ServiceError) -> Value
) async throws(GRPCStatus) -> Value {
    do throws(ServiceError) { return try await body() } catch { throw GRPCStatus(error) }
}

extension Filter {
    /// Filters of records (containers, images, leases, plugins), whose refusal names its class once more.
    init(recordFilters texts: [String]) throws(ServiceError) {
        do throws(ServiceError) { try self.init(texts) } catch { throw .invalidArgument(error.message) }
    }
}

extension Filter {
    /// Filters whose refusal upstream lets out without a code, after these words.
    init(uncoded texts: [String], _ words: String = "") throws(GRPCStatus) {
        do throws(ServiceError) { try self.init(texts) } catch { throw GRPCStatus(.unknown, words + error.message) }
    }
}

func translated<Value>(_ body: () throws(ServiceError) -> Value) throws(GRPCStatus) -> Value {
    do throws(ServiceError) { return try body() } catch { throw GRPCStatus(error) }
}

extension GRPCStatus {
    /// The one place where the services' kinds become gRPC's codes.
    init(_ error: ServiceError) {
        let code: Code
        switch error.kind {
        case .invalidArgument: code = .invalidArgument
        case .notFound: code = .notFound
        case .alreadyExists: code = .alreadyExists
        case .failedPrecondition: code = .failedPrecondition
        case .unavailable: code = .unavailable
        case .notImplemented: code = .unimplemented
        case .canceled: code = .cancelled
        case .deadlineExceeded: code = .deadlineExceeded
        case .outOfRange: code = .outOfRange
        case .aborted: code = .aborted
        case .unknown: code = .unknown
        }
        self.init(code, error.message)
    }
}

// MARK: Between stored values and messages

extension ProtobufAny {
    init(_ typed: TypedBytes) { self.init(typeURL: typed.type, value: typed.bytes) }
}

extension TypedBytes {
    init(_ any: ProtobufAny) { self.init(type: any.typeURL, bytes: any.value) }
}

extension ContainerdTypes.Descriptor {
    init(_ target: ImageRecord.Target) {
        self.init(
            mediaType: target.mediaType, digest: target.digest, size: target.size, annotations: target.annotations)
    }
}

extension ImageRecord.Target {
    init(_ descriptor: ContainerdTypes.Descriptor?) {
        let given = descriptor ?? ContainerdTypes.Descriptor()
        self.init(
            mediaType: given.mediaType, digest: given.digest, size: given.size, annotations: given.annotations)
    }
}
