internal import CLinux
internal import GoText
internal import Linux
public import Metadata
internal import Synchronization

/// Blobs by digest, on disk as upstream has them: `blobs/sha256/HEX`, and what is still coming in under `ingest`.
/// A blob becomes visible when its bytes are verified, synced and in place, and its record is committed. All methods
/// block.
public final class ContentStore: Sendable {
    let metadata: Metadata
    let root: String
    /// Held while a blob appears or disappears, so that a collection never takes what a writer has just committed.
    let blobs = Mutex<Void>(())
    private let writing = Mutex<Set<WriterKey>>([])

    struct WriterKey: Hashable, Sendable {
        let namespace: String
        let reference: String
    }

    /// `root` is made when missing; what a killed daemon left half made there is removed.
    public init(root: String, metadata: Metadata) throws(ServiceError) {
        self.root = root
        self.metadata = metadata
        try system { () throws(SystemCallError) in
            try Files.makeDirectories(root + "/blobs/sha256")
            try Files.makeDirectories(root + "/ingest")
        }
        try reconcile()
    }

    /// Removes directories of ingests and files of blobs that no record knows, and records of ingests that have
    /// nothing.
    private func reconcile() throws(ServiceError) {
        let ingests = try metadata.ingestNumbers()
        let digests = try metadata.knownDigests()
        try metadata.forgetIngests(ingests.filter { !Files.isDirectory(directory(ofIngest: $0)) })
        try system { () throws(SystemCallError) in
            for name in try Files.names(in: root + "/ingest") where Int64(name).map({ !ingests.contains($0) }) ?? true {
                try Files.removeTree(root + "/ingest/" + name)
            }
            for name in try Files.names(in: root + "/blobs/sha256") where !digests.contains("sha256:" + name) {
                try Files.removeTree(root + "/blobs/sha256/" + name)
            }
        }
    }

    func path(of digest: String) -> String { root + "/blobs/sha256/" + digest.dropFirst("sha256:".count) }

    func directory(ofIngest number: Int64) -> String { root + "/ingest/" + String(number) }

    // MARK: Blobs

    public func info(_ digest: String, in scope: Scope) throws(ServiceError) -> ContentRecord {
        try check(digest)
        return try metadata.content(digest, in: scope)
    }

    /// Puts a blob under the request's lease; false when it is not there.
    public func keep(_ digest: String, in scope: Scope) throws(ServiceError) -> Bool {
        try metadata.leaseContent(digest, in: scope)
    }

    public func list(matching filter: Filter, in scope: Scope) throws(ServiceError) -> [ContentRecord] {
        try metadata.contents(matching: filter, in: scope)
    }

    public func update(
        _ digest: String, labels: Labels, paths: [String], in scope: Scope
    ) throws(ServiceError) -> ContentRecord {
        try check(digest)
        return try metadata.updateContent(digest, labels: labels, paths: paths, in: scope)
    }

    /// Forgets a blob in this namespace, and removes its bytes when that was the last one to know it.
    public func delete(_ digest: String, in scope: Scope) throws(ServiceError) {
        try check(digest)
        try metadata.deleteContent(digest, in: scope)
        try removeUnknown([digest])
    }

    /// Removes the bytes of those digests that no namespace knows.
    public func removeUnknown(_ digests: [String]) throws(ServiceError) {
        for digest in digests {
            // Locking each blob by itself keeps writers waiting only for one unlink(2).
            let outcome: Result<Void, ServiceError> = blobs.withLock { _ in
                do throws(ServiceError) {
                    if try metadata.sizeAnywhere(of: digest) == nil { unlink(path(of: digest)) }
                    return .success(())
                } catch {
                    return .failure(error)
                }
            }
            try outcome.get()
        }
    }

    /// Removes the directories of ingests whose records are gone.
    public func removeIngests(_ numbers: [Int64]) throws(ServiceError) {
        try system { () throws(SystemCallError) in
            for number in numbers { try Files.removeTree(directory(ofIngest: number)) }
        }
    }

    /// Opens a blob for reading.
    public func open(_ digest: String, in scope: Scope) throws(ServiceError) -> Blob {
        let record = try info(digest, in: scope)
        let path = path(of: digest)
        do throws(SystemCallError) {
            return Blob(file: try Descriptor.open(path, O_RDONLY), size: record.size)
        } catch {
            throw error.number == ENOENT ? .notFound("blob \(digest) expected at \(path)") : ServiceError(error)
        }
    }

    private func check(_ digest: String) throws(ServiceError) {
        do throws(ServiceError) {
            try Identifier.checkDigest(digest)
        } catch {
            throw error.prefixed(goQuoted(digest))
        }
    }

    // MARK: Ingests

    /// Starts or resumes a writer. One at a time for a reference: another is refused as unavailable until it is closed.
    public func writer(
        _ reference: String, total: Int64, expected: String, in scope: Scope
    ) throws(ServiceError) -> ContentWriter {
        if reference.isEmpty { throw .invalidArgument("ref must not be empty") }
        if !expected.isEmpty { try check(expected) }
        let key = WriterKey(namespace: scope.namespace, reference: reference)
        guard writing.withLock({ $0.insert(key).inserted }) else { throw .unavailable("ref \(reference) locked") }
        do throws(ServiceError) {
            switch try metadata.openIngest(reference, expected: expected, total: total, in: scope) {
            case .exists: throw .alreadyExists("content \(expected)")
            case .ingest(let record):
                return try ContentWriter(store: self, key: key, record: record, expected: expected, scope: scope)
            }
        } catch {
            release(key)
            throw error
        }
    }

    func release(_ key: WriterKey) { writing.withLock { _ = $0.remove(key) } }

    public func status(_ reference: String, in scope: Scope) throws(ServiceError) -> IngestStatus {
        status(try metadata.ingest(reference, in: scope))
    }

    public func statuses(matching filter: Filter, in scope: Scope) throws(ServiceError) -> [IngestStatus] {
        try metadata.ingests(in: scope)
            .filter { ingest in filter.matches { $0[0] == "ref" ? ingest.reference : nil } }.map(status)
    }

    /// Gives an ingest up and removes what came in.
    public func abort(_ reference: String, in scope: Scope) throws(ServiceError) {
        let record = try metadata.deleteIngest(reference, in: scope)
        try removeIngests([record.number])
    }

    func status(_ record: IngestRecord) -> IngestStatus {
        let found = Files.status(directory(ofIngest: record.number) + "/data")
        let updated = found.map { Nanoseconds($0.st_mtim.tv_sec) * 1_000_000_000 + Nanoseconds($0.st_mtim.tv_nsec) }
        return IngestStatus(
            reference: record.reference, offset: Int64(found?.st_size ?? 0), total: record.total,
            expected: record.expected, started: record.started, updated: updated ?? record.started)
    }
}

/// How far an ingest is.
public struct IngestStatus: Sendable, Equatable {
    public let reference: String
    /// Bytes that have come in.
    public let offset: Int64
    /// Bytes announced; 0 when none were.
    public let total: Int64
    public let expected: String
    public let started: Nanoseconds
    public let updated: Nanoseconds
}

/// A blob open for reading. The file is read by offset, so threads may share it.
public final class Blob: Sendable {
    private let file: Descriptor
    /// Its size in bytes.
    public let size: Int64

    init(file: consuming Descriptor, size: Int64) {
        self.file = file
        self.size = size
    }

    /// At most `count` bytes from `offset`; fewer only at the end.
    public func read(_ count: Int, at offset: Int64) throws(ServiceError) -> [UInt8] {
        var failure: SystemCallError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            filled = 0
            do throws(SystemCallError) {
                while filled < count {
                    let got = try checked("pread") {
                        pread(file.number, buffer.baseAddress.map { $0 + filled }, count - filled, Int(offset) + filled)
                    }
                    if got == 0 { return }
                    filled += got
                }
            } catch {
                failure = error
            }
        }
        if let failure { throw ServiceError(failure) }
        return bytes
    }

    /// Fills the front of `buffer` from `offset` and says how much; 0 at the end.
    public func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(ServiceError) -> Int {
        do throws(SystemCallError) {
            return try checked("pread") { pread(file.number, buffer.baseAddress, buffer.count, Int(offset)) }
        } catch {
            throw ServiceError(error)
        }
    }
}

extension ServiceError {
    init(_ error: SystemCallError) {
        self = error.number == ENOENT ? .notFound(error.description) : ServiceError(.unknown, error.description)
    }
}

/// Runs system calls where a `ServiceError` is thrown.
@discardableResult
func system<Result>(_ body: () throws(SystemCallError) -> Result) throws(ServiceError) -> Result {
    do throws(SystemCallError) { return try body() } catch { throw ServiceError(error) }
}
