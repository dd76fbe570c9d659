public import NIOCore
internal import NIOHTTP2
internal import NIOPosix

/// The event loops of a process's gRPC, and tasks that run on them.
public enum GRPCEventLoops {
    /// One loop, started when first asked for: connections over local sockets need no more.
    public static let shared: any EventLoopGroup = MultiThreadedEventLoopGroup(numberOfThreads: 1)
}

/// Runs tasks on an event loop: what a handler writes goes out with no change of thread. Tasks there must not block.
public final class EventLoopExecutor: TaskExecutor {
    private let loop: any EventLoop

    public init(_ loop: any EventLoop) { self.loop = loop }

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

/// HTTP/2 as gRPC's peers here use it.
enum Connection {
    /// Go's gRPC sends a PING for nearly every message it receives, and resets a stream for every cancelled call. The
    /// library's limits would end such a connection after 200 of them; on a local socket the peer is no stranger.
    static func configuration() -> NIOHTTP2Handler.ConnectionConfiguration {
        var configuration = NIOHTTP2Handler.ConnectionConfiguration()
        configuration.initialSettings = [
            HTTP2Setting(parameter: .maxConcurrentStreams, value: 100_000),
            HTTP2Setting(parameter: .maxHeaderListSize, value: 1 << 20),
            HTTP2Setting(parameter: .initialWindowSize, value: streamWindow),
            HTTP2Setting(parameter: .maxFrameSize, value: 256 << 10),
        ]
        configuration.targetWindowSize = 8 << 20
        // Every stream may end with an empty frame, and all of them at once.
        configuration.maximumSequentialEmptyDataFrames = 100_000
        // Frames of streams that were given up are still on their way: not to know such a stream ends the connection.
        configuration.maximumRecentlyResetStreams = 2_048
        configuration.maximumBufferedControlFrames = 100_000
        configuration.maximumConnectionGlitches = .max
        configuration.controlFrameRateLimit.maximumCount = .max
        return configuration
    }

    static func streams() -> NIOHTTP2Handler.StreamConfiguration {
        var configuration = NIOHTTP2Handler.StreamConfiguration()
        configuration.targetWindowSize = streamWindow
        configuration.outboundBufferSizeHighWatermark = 1 << 20
        configuration.outboundBufferSizeLowWatermark = 256 << 10
        configuration.streamResetFrameRateLimit.maximumCount = .max
        configuration.streamErrorRateLimit.maximumCount = .max
        return configuration
    }

    /// What is on its way is bounded by the peer's windows, so the socket's own bound need not be felt: where the
    /// library has to hold frames back for it, it lets the data of a stream overtake the headers.
    static let socketBuffer = ChannelOptions.Types.WriteBufferWaterMark(low: 64 << 20, high: 128 << 20)

    private static let streamWindow = 1 << 20
}

/// Wakes those who wait for room to write. Its fields are touched on the loop only.
final class WriteGate {
    private var waiters: [CheckedContinuation<Bool, Never>] = []

    func wait(_ continuation: CheckedContinuation<Bool, Never>) { waiters.append(continuation) }

    /// `open`: there is room; otherwise the stream has ended.
    func release(open: Bool) {
        let all = waiters
        waiters = []
        for waiter in all { waiter.resume(returning: open) }
    }
}
