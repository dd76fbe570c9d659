internal import ContainerdAPI
internal import Content
internal import GRPC
internal import Metadata
internal import Protobuf

extension Services {
    /// Bytes of a blob in one message.
    private static let piece = 1 << 19

    func registerContent(on router: inout GRPCRouter) {
        router.unary(ContentService.info) { [self] (request, context) throws(GRPCStatus) in
            let scope = try requestScope(context)
            let found = try await blocking { () throws(ServiceError) in try content.info(request.digest, in: scope) }
            return ContentService.InfoResponse(info: .init(found))
        }
        router.unary(ContentService.update) { [self] (request, context) throws(GRPCStatus) in
            let scope = try requestScope(context)
            let paths = request.updateMask?.paths ?? []
            let updated = try await blocking { () throws(ServiceError) in
                try content.update(
                    request.info?.digest ?? "", labels: request.info?.labels ?? [:], paths: paths, in: scope)
            }
            collector.schedule()
            return ContentService.UpdateResponse(info: .init(updated))
        }
        router.serverStream(ContentService.list) { [self] (request, context, writer) throws(GRPCStatus) in
            let scope = try requestScope(context)
            let found = try await blocking { () throws(ServiceError) in
                try content.list(matching: try Filter(request.filters), in: scope)
            }
            for start in stride(from: 0, to: found.count, by: 100) {
                let some = found[start..<min(start + 100, found.count)].map(ContentService.Info.init)
                try await writer.send(ContentService.ListContentResponse(info: some))
            }
        }
        router.unary(ContentService.delete) { [self] (request, context) throws(GRPCStatus) in
            let scope = try requestScope(context)
            try await blocking { () throws(ServiceError) in try content.delete(request.digest, in: scope) }
            events.publish("/content/delete", ContainerdEvents.ContentDelete(digest: request.digest), in: scope)
            collector.schedule()
            return ProtobufEmpty()
        }
        registerContentReading(on: &router)
        registerIngests(on: &router)
    }

    private func registerContentReading(on router: inout GRPCRouter) {
        router.serverStream(ContentService.read) { [self] (request, context, writer) throws(GRPCStatus) in
            let scope = try requestScope(context)
            let blob = try await blocking { () throws(ServiceError) in try content.open(request.digest, in: scope) }
            if request.offset < 0 { throw GRPCStatus(.invalidArgument, "negative offset: invalid argument") }
            if request.offset > blob.size {
                throw GRPCStatus(.outOfRange, "read past object length \(blob.size) bytes")
            }
            let (end, overflows) = request.offset.addingReportingOverflow(request.size)
            if request.size < 0 || overflows || end > blob.size {
                throw GRPCStatus(.outOfRange, "read past object length \(blob.size) bytes")
            }
            let last = request.size == 0 ? blob.size : end
            var offset = request.offset
            while offset < last {
                let (from, count) = (offset, Int(min(Int64(Services.piece), last - offset)))
                let bytes = try await blocking { () throws(ServiceError) in try blob.read(count, at: from) }
                if bytes.isEmpty { throw GRPCStatus(.dataLoss, "unexpected EOF") }
                try await writer.send(ContentService.ReadContentResponse(offset: offset, data: bytes))
                offset += Int64(bytes.count)
            }
        }
    }

    private func registerIngests(on router: inout GRPCRouter) {
        router.unary(ContentService.status) { [self] (request, context) throws(GRPCStatus) in
            let scope = try requestScope(context)
            let found = try await blocking { () throws(ServiceError) in try content.status(request.ref, in: scope) }
            return ContentService.StatusResponse(status: .init(found))
        }
        router.unary(ContentService.listStatuses) { [self] (request, context) throws(GRPCStatus) in
            let scope = try requestScope(context)
            let found = try await blocking { () throws(ServiceError) in
                try content.statuses(matching: try Filter(request.filters), in: scope)
            }
            return ContentService.ListStatusesResponse(statuses: found.map(ContentService.Status.init))
        }
        router.unary(ContentService.abort) { [self] (request, context) throws(GRPCStatus) in
            let scope = try requestScope(context)
            try await blocking { () throws(ServiceError) in try content.abort(request.ref, in: scope) }
            return ProtobufEmpty()
        }
        router.bidirectional(ContentService.write) { [self] (requests, context, writer) throws(GRPCStatus) in
            let scope = try requestScope(context)
            try await ContentIngest(content: content, scope: scope).serve(requests, writer)
        }
    }
}

extension ContentService.Info {
    fileprivate init(_ record: ContentRecord) {
        self.init(
            digest: record.digest, size: record.size, createdAt: .init(nanoseconds: record.created),
            updatedAt: .init(nanoseconds: record.updated), labels: record.labels)
    }
}

extension ContentService.Status {
    fileprivate init(_ status: IngestStatus) {
        self.init(
            startedAt: .init(nanoseconds: status.started), updatedAt: .init(nanoseconds: status.updated),
            ref: status.reference, offset: status.offset, total: status.total, expected: status.expected)
    }
}
