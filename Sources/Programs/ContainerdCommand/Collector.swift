internal import Content
internal import Logging
internal import Metadata
internal import NIOCore
internal import Snapshots
internal import Synchronization
internal import Workers

/// Removes what nothing refers to any more: a while after something was deleted, or at once when a client asks.
final class Collector: Sendable {
    private let metadata: Metadata
    private let content: ContentStore
    private let snapshots: OverlaySnapshots
    private let loop: any EventLoop
    private let isDue = Mutex(false)
    private let logger = Logger(label: "gc")

    /// Deletions come in groups: one collection for all of them.
    private static let delay = TimeAmount.milliseconds(250)

    init(_ metadata: Metadata, _ content: ContentStore, _ snapshots: OverlaySnapshots, loop: any EventLoop) {
        self.metadata = metadata
        self.content = content
        self.snapshots = snapshots
        self.loop = loop
    }

    /// Collects soon.
    func schedule() {
        let isFirst = isDue.withLock { due in
            defer { due = true }
            return !due
        }
        guard isFirst else { return }
        loop.scheduleTask(in: Collector.delay) {
            self.isDue.withLock { $0 = false }
            Workers.shared.perform {
                do throws(ServiceError) {
                    try self.collect()
                } catch {
                    self.logger.error("garbage collection failed", metadata: ["error": "\(error.message)"])
                }
            }
        }
    }

    /// Collects now. Blocks.
    func collect() throws(ServiceError) {
        let removed = try metadata.collect()
        if removed.isEmpty { return }
        try content.removeUnknown(removed.digests)
        try content.removeIngests(removed.ingests)
        for snapshot in removed.snapshots { removeDirectory(snapshot.id) }
        logger.debug("garbage collected")
    }

    /// Removes a snapshot's directory; one that is in use now is removed at the next start.
    func removeDirectory(_ id: Int64) {
        do throws(ServiceError) {
            try snapshots.removeDirectory(id)
        } catch {
            logger.warning("failed to remove directory", metadata: ["id": "\(id)", "error": "\(error.message)"])
        }
    }
}
