public import ContainerdAPI
public import GRPC
internal import Protobuf

extension ContainerdClient {
    /// The records that tasks are made from.
    public struct Containers: Sendable {
        let client: ContainerdClient

        public func get(_ id: String) async throws(GRPCStatus) -> ContainersService.Container {
            try .required(try await client.unary(ContainersService.get, .init(id: id)).container)
        }

        public func list(filters: [String] = []) async throws(GRPCStatus) -> [ContainersService.Container] {
            try await client.unary(ContainersService.list, .init(filters: filters)).containers
        }

        /// As `list`, one message a container: for lists beyond the size of a message.
        public func listStream(filters: [String] = []) async throws(GRPCStatus) -> [ContainersService.Container] {
            let stream = try await client.stream(ContainersService.listStream, .init(filters: filters))
            var all: [ContainersService.Container] = []
            while let message = try await stream.next() { all.append(try .required(message.container)) }
            return all
        }

        @discardableResult
        public func create(
            _ container: ContainersService.Container
        ) async throws(GRPCStatus) -> ContainersService.Container {
            try .required(try await client.unary(ContainersService.create, .init(container: container)).container)
        }

        /// Changes the fields named in `paths` ("labels", "labels.KEY", "extensions"…); none: all that may change.
        @discardableResult
        public func update(
            _ container: ContainersService.Container, paths: [String] = []
        ) async throws(GRPCStatus) -> ContainersService.Container {
            let mask = paths.isEmpty ? nil : ProtobufFieldMask(paths: paths)
            let response = try await client.unary(
                ContainersService.update, .init(container: container, updateMask: mask))
            return try .required(response.container)
        }

        public func delete(_ id: String) async throws(GRPCStatus) {
            _ = try await client.unary(ContainersService.delete, .init(id: id))
        }
    }

    /// Names for content.
    public struct Images: Sendable {
        let client: ContainerdClient

        public func get(_ name: String) async throws(GRPCStatus) -> ImagesService.Image {
            try .required(try await client.unary(ImagesService.get, .init(name: name)).image)
        }

        public func list(filters: [String] = []) async throws(GRPCStatus) -> [ImagesService.Image] {
            try await client.unary(ImagesService.list, .init(filters: filters)).images
        }

        @discardableResult
        public func create(_ image: ImagesService.Image) async throws(GRPCStatus) -> ImagesService.Image {
            try .required(try await client.unary(ImagesService.create, .init(image: image)).image)
        }

        /// Changes the fields named in `paths` ("target", "labels", "labels.KEY"); none: all that may change.
        @discardableResult
        public func update(
            _ image: ImagesService.Image, paths: [String] = []
        ) async throws(GRPCStatus) -> ImagesService.Image {
            let mask = paths.isEmpty ? nil : ProtobufFieldMask(paths: paths)
            return try .required(
                try await client.unary(ImagesService.update, .init(image: image, updateMask: mask)).image)
        }

        /// `sync`: returns when what only this image held has been collected.
        public func delete(_ name: String, sync: Bool = false) async throws(GRPCStatus) {
            _ = try await client.unary(ImagesService.delete, .init(name: name, sync: sync))
        }
    }

    /// What keeps the clients of one daemon apart.
    public struct Namespaces: Sendable {
        let client: ContainerdClient

        public func list(filter: String = "") async throws(GRPCStatus) -> [NamespacesService.Namespace] {
            try await client.unary(NamespacesService.list, .init(filter: filter)).namespaces
        }

        @discardableResult
        public func create(
            _ name: String, labels: [String: String] = [:]
        ) async throws(GRPCStatus) -> NamespacesService.Namespace {
            let response = try await client.unary(
                NamespacesService.create, .init(namespace: .init(name: name, labels: labels)))
            return try .required(response.namespace)
        }

        /// Sets the given labels; an empty value removes one.
        public func setLabels(_ labels: [String: String], of name: String) async throws(GRPCStatus) {
            _ = try await client.unary(
                NamespacesService.update,
                .init(
                    namespace: .init(name: name, labels: labels),
                    updateMask: ProtobufFieldMask(paths: labels.keys.sorted().map { "labels." + $0 })))
        }

        public func delete(_ name: String) async throws(GRPCStatus) {
            _ = try await client.unary(NamespacesService.delete, .init(name: name))
        }
    }

    /// The plugins of a daemon, and who it is.
    public struct Introspection: Sendable {
        let client: ContainerdClient

        public func plugins(filters: [String] = []) async throws(GRPCStatus) -> [IntrospectionService.Plugin] {
            try await client.unary(IntrospectionService.plugins, .init(filters: filters)).plugins
        }

        public func server() async throws(GRPCStatus) -> IntrospectionService.ServerResponse {
            try await client.unary(IntrospectionService.server, ProtobufEmpty())
        }
    }

    /// Published, forwarded, subscribed to.
    public struct Events: Sendable {
        let client: ContainerdClient

        /// Events from now on, of all namespaces unless a filter says otherwise. Ends when the connection does.
        public func subscribe(
            filters: [String] = []
        ) async throws(GRPCStatus) -> GRPCResponses<EventsService.Envelope> {
            try await client.stream(EventsService.subscribe, .init(filters: filters))
        }
    }
}
