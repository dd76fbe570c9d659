internal import ContainerdAPI
internal import Content
internal import GRPC
internal import Metadata
internal import Protobuf
internal import Workers

/// One stream of Content.Write: a blob coming in, message by message, each answered.
///
/// Safety of `@unchecked`: the stream's handler awaits each step before the next, so one thread at a time touches it.
final class ContentIngest: @unchecked Sendable {
    typealias Request = ContentService.WriteContentRequest
    typealias Response = ContentService.WriteContentResponse

    private let content: ContentStore
    private let scope: Scope
    private var writer: ContentWriter?
    private var total: Int64 = 0
    private var expected = ""
    private var reference = ""

    init(content: ContentStore, scope: Scope) {
        self.content = content
        self.scope = scope
    }

    func serve(_ requests: GRPCMessages<Request>, _ responses: GRPCResponseWriter<Response>) async throws(GRPCStatus) {
        do throws(GRPCStatus) {
            var iterator = requests.makeAsyncIterator()
            guard let first = try await iterator.next() else { return }
            try await begin(first)
            var next: Request? = first
            while let request = next {
                let response = try await answer(request)
                try await responses.send(response)
                if request.action == .commit { break }
                next = try await iterator.next()
            }
        } catch {
            await close()
            throw error
        }
        await close()
    }

    private func close() async {
        // Closing only lets the reference go; there is nothing in it that fails.
        _ = try? await blocking { () throws(ServiceError) in self.writer?.close() }
    }

    private func begin(_ request: Request) async throws(GRPCStatus) {
        if request.ref.isEmpty { throw GRPCStatus(.invalidArgument, "first message must have a reference") }
        reference = request.ref
        total = request.total
        expected = request.expected
        try await blocking { () throws(ServiceError) in
            self.writer = try self.content.writer(
                request.ref, total: request.total, expected: request.expected, in: self.scope)
        }
    }

    private func answer(_ request: Request) async throws(GRPCStatus) -> Response {
        do throws(ServiceError) {
            return try await blockingService { () throws(ServiceError) in try self.perform(request) }
        } catch {
            throw GRPCStatus(error)
        }
    }

    private func blockingService(
        _ body: @escaping @Sendable () throws(ServiceError) -> Response
    ) async throws(ServiceError) -> Response {
        try await Workers.shared.run(body)
    }

    // MARK: On a worker

    private func perform(_ request: Request) throws(ServiceError) -> Response {
        guard let writer else { throw .failedPrecondition("no writer") }
        var response = Response()
        response.action = request.action
        response.offset = writer.offset
        try announce(request, writer)
        if request.action == .stat {
            let status = writer.status
            response.digest = writer.digest
            response.startedAt = .init(nanoseconds: status.started)
            response.updatedAt = .init(nanoseconds: status.updated)
            response.total = total
            return response
        }
        if request.offset > 0 && request.offset != writer.offset {
            throw ServiceError(
                .outOfRange, "write @\(request.offset) must occur at current offset \(writer.offset)")
        }
        if request.offset == 0 && writer.offset > 0 { try writer.truncate(to: 0) }
        if !request.data.isEmpty { try writer.write(request.data) }
        response.offset = writer.offset
        response.digest = writer.digest
        if request.action == .commit { try writer.commit(size: total, expected: expected, labels: request.labels) }
        return response
    }

    /// What a message says of the whole: it may come late, with the commit. A blob that is there already ends it.
    private func announce(_ request: Request, _ writer: ContentWriter) throws(ServiceError) {
        if request.total > 0 { total = request.total }
        guard !request.expected.isEmpty else { return }
        expected = request.expected
        guard try content.keep(request.expected, in: scope) else { return }
        writer.close()
        try content.abort(reference, in: scope)
        throw ServiceError(.alreadyExists, "blob with expected digest \(request.expected) exists")
    }
}
