internal import CLinux
internal import Digests
internal import GoText
internal import Linux
public import Metadata

/// A blob on its way in. One thread at a time; close it, or its reference stays locked.
public final class ContentWriter {
    private let store: ContentStore
    private let key: ContentStore.WriterKey
    private let record: IngestRecord
    private let scope: Scope
    private var file: Descriptor?
    private var hash = Hash()
    private var isOpen = true
    /// The bytes are here already, known to another namespace: nothing needs to come.
    private var shared: (digest: String, size: Int64)?
    /// Bytes that have come in.
    public private(set) var offset: Int64 = 0

    init(
        store: ContentStore, key: ContentStore.WriterKey, record: IngestRecord, expected: String, scope: Scope
    ) throws(ServiceError) {
        self.store = store
        self.key = key
        self.record = record
        self.scope = scope
        if !expected.isEmpty, let size = try store.metadata.sizeAnywhere(of: expected),
            record.total == 0 || record.total == size
        {
            shared = (expected, size)
            offset = size
        } else {
            try openFile()
        }
    }

    deinit { close() }

    private func openFile() throws(ServiceError) {
        let directory = store.directory(ofIngest: record.number)
        do throws(SystemCallError) {
            try Files.makeDirectories(directory)
            file = try Descriptor.open(directory + "/data", O_RDWR | O_CREAT, mode: 0o644)
            if !Files.exists(directory + "/ref") {
                try Files.write(Array((key.namespace + "/" + record.reference).utf8), to: directory + "/ref")
            }
        } catch {
            throw ServiceError(error)
        }
        if let number { offset = try rehash(number) }
    }

    /// Hashes what an earlier writer left, and leaves the file positioned at its end.
    private func rehash(_ number: Int32) throws(ServiceError) -> Int64 {
        hash = Hash()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
        defer { buffer.deallocate() }
        var total: Int64 = 0
        while true {
            let count = try system { () throws(SystemCallError) in
                try checked("read") { read(number, buffer.baseAddress, buffer.count) }
            }
            if count == 0 { return total }
            hash.update(UnsafeRawBufferPointer(rebasing: buffer[0..<count]))
            total += Int64(count)
        }
    }

    private var number: Int32? {
        switch file {
        case .some(let descriptor): descriptor.number
        case .none: nil
        }
    }

    public var status: IngestStatus {
        let status = store.status(record)
        return IngestStatus(
            reference: status.reference, offset: offset, total: status.total, expected: status.expected,
            started: status.started, updated: status.updated)
    }

    /// The digest of what has come in.
    public var digest: String { shared?.digest ?? hash.digest().description }

    /// Appends bytes.
    public func write(_ bytes: [UInt8]) throws(ServiceError) {
        if shared != nil { throw .failedPrecondition("content \(digest) is complete: it takes no more bytes") }
        guard let number else { throw .failedPrecondition("writer of \(record.reference) is closed") }
        try system { () throws(SystemCallError) in try writeEverything(bytes, to: number) }
        hash.update(bytes)
        offset += Int64(bytes.count)
    }

    /// Starts over; nothing but 0 is a place to start from, as the bytes before are hashed once.
    public func truncate(to size: Int64) throws(ServiceError) {
        if size != 0 { throw .invalidArgument("truncate: unsupported size") }
        if shared != nil {
            shared = nil
            try openFile()
        }
        guard let number else { throw .failedPrecondition("writer of \(record.reference) is closed") }
        try system { () throws(SystemCallError) in
            try checked("ftruncate") { ftruncate(number, 0) }
            try checked("lseek") { lseek(number, 0, SEEK_SET) }
        }
        hash = Hash()
        offset = 0
    }

    /// Verifies size (unless 0) and digest (unless empty), puts the bytes in place and makes the blob visible, durably.
    /// The writer is closed whatever happens but a mismatch.
    public func commit(size: Int64, expected: String, labels: Labels) throws(ServiceError) {
        let digest = digest
        if size > 0 && size != offset {
            throw .failedPrecondition("\(goQuoted(record.reference)) failed size validation: \(offset) != \(size)")
        }
        if !expected.isEmpty && expected != digest {
            throw .failedPrecondition("unexpected commit digest \(digest), expected \(expected)")
        }
        defer { close() }
        if let number { try system { () throws(SystemCallError) in try checked("fsync") { fsync(number) } } }
        let outcome: Result<Void, ServiceError> = store.blobs.withLock { _ in
            do throws(ServiceError) {
                try place(digest)
                try store.metadata.commitIngest(
                    record.reference, digest: digest, size: offset, labels: labels, in: scope)
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try? store.removeIngests([record.number])  // The record is gone: a leftover is removed at the next start.
        try outcome.get()
    }

    private func place(_ digest: String) throws(ServiceError) {
        if shared != nil { return }
        let target = store.path(of: digest)
        if Files.exists(target) { return }
        try system { () throws(SystemCallError) in
            let data = store.directory(ofIngest: record.number) + "/data"
            chmod(data, 0o444)
            try checked("rename", target) { rename(data, target) }
            let directory = try Descriptor.open(Files.parent(of: target), O_RDONLY | O_DIRECTORY)
            try checked("fsync", target) { fsync(directory.number) }
        }
    }

    /// Ends this writer; what came in stays for the next one with this reference.
    public func close() {
        guard isOpen else { return }
        isOpen = false
        file = nil
        store.release(key)
    }
}
