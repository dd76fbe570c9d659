public import EngineAPI
internal import GRPC

extension Engine {
    /// Asks the container to end and, after `timeout` seconds (negative: never), ends it. 304 when it does not run.
    public func stop(_ reference: String, signal: String? = nil, timeout: Int? = nil) async throws(EngineError) {
        let container = try find(reference)
        let number = try signal.flatMap { $0.isEmpty ? nil : $0 }.map(Signals.number)
        if await giveUpRestart(container) {
            await saveOrReport(container)
            container.notify([.notRunning, .nextExit])
            return
        }
        guard container.record.life.isRunning else { throw .notModified }
        try container.handle(.stopRequested)
        await saveOrReport(container)
        try await stopRunning(container, signal: number, timeout: timeout)
        publish("stop", container.record)
    }

    func stopRunning(_ container: Container, signal: Int32?, timeout: Int?) async throws(EngineError) {
        let config = container.record.config
        let first: Int32
        if let signal {
            first = signal
        } else {
            first = config.stopSignal.isEmpty ? Signals.terminate : try Signals.number(config.stopSignal)
        }
        let seconds = timeout ?? config.stopTimeout ?? 10
        let isPaused = container.record.life.phase == .paused
        try await sendSignal(container, first)
        if isPaused { await resumeForSignal(container) }
        if seconds < 0 {
            _ = await container.wait(.notRunning)
            return
        }
        if await ended(container, within: .seconds(seconds)) { return }
        try await killRunning(container)
    }

    /// Whether the container ends within a time.
    func ended(_ container: Container, within limit: Duration) async -> Bool {
        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                let result = await container.waitUntilStopped()
                return result
            }
            group.addTask {
                // Being cancelled means that the other one was first.
                try? await Task.sleep(for: limit)
                return false
            }
            let first = await group.next() ?? false
            group.cancelAll()
            return first
        }
    }

    /// SIGKILL until it is gone.
    func killRunning(_ container: Container) async throws(EngineError) {
        let isPaused = container.record.life.phase == .paused
        do throws(EngineError) {
            try await sendSignal(container, Signals.kill)
        } catch {
            if container.record.life.isRunning { throw error }
            return
        }
        if isPaused { await resumeForSignal(container) }
        if await ended(container, within: .seconds(10)) { return }
        throw .failed("tried to kill container, but did not receive an exit event")
    }

    private func resumeForSignal(_ container: Container) async {
        do throws(GRPCStatus) {
            try await containerd.tasks.resume(container.id)
            // Refused when it ended meanwhile.
            _ = try? container.handle(.resumed)
        } catch {
            configuration.report("container \(container.id): cannot unpause it: \(error.containerdText)")
        }
    }

    /// Sends a signal to the first process and tells of it.
    func sendSignal(_ container: Container, _ signal: Int32) async throws(EngineError) {
        do throws(GRPCStatus) {
            try await containerd.tasks.kill(container.id, signal: UInt32(signal))
        } catch {
            guard error.code == .notFound || error.code == .failedPrecondition else { throw Engine.failure(error) }
            // It has just ended: its exit is on its way, or was missed.
            Task { await self.reconcile(container) }
            return
        }
        publish("kill", container.record, ["signal": String(signal)])
    }

    /// `POST /containers/{id}/kill`
    public func kill(_ reference: String, signal: String? = nil) async throws(EngineError) {
        let number = try Signals.number(signal.flatMap { $0.isEmpty ? nil : $0 } ?? "KILL")
        let container = try find(reference)
        if await giveUpRestart(container) {
            await saveOrReport(container)
            container.notify([.notRunning, .nextExit])
            return
        }
        let life = container.record.life
        guard life.isRunning else {
            throw EngineError.notRunning(container.id).prefixed("cannot kill container: " + reference)
        }
        let name = container.record.config.stopSignal
        let stopSignal = name.isEmpty ? Signals.terminate : try Signals.number(name)
        let isStop = number == Signals.kill || number == stopSignal
        if isStop {
            try container.handle(.stopRequested)
            await saveOrReport(container)
        }
        if number == Signals.kill {
            try await killRunning(container)
        } else {
            try await sendSignal(container, number)
            if isStop && life.phase == .paused { await resumeForSignal(container) }
        }
    }

    /// `POST /containers/{id}/restart`
    public func restart(_ reference: String, signal: String? = nil, timeout: Int? = nil) async throws(EngineError) {
        let container = try find(reference)
        let number = try signal.flatMap { $0.isEmpty ? nil : $0 }.map(Signals.number)
        _ = await giveUpRestart(container)
        if container.record.life.isRunning {
            // The policy must not be quicker than we are.
            try container.handle(.stopRequested)
            container.updateRun { $0.keepsForRestart = true }
            defer { container.updateRun { $0.keepsForRestart = false } }
            try await stopRunning(container, signal: number, timeout: timeout)
        }
        try await container.operations.perform { () async throws(EngineError) in
            do throws(EngineError) {
                try await self.startInLine(container, byPolicy: false)
            } catch {
                if error.status != 304 { throw error }
            }
        }
        publish("restart", container.record)
    }

    /// `POST /containers/{id}/pause`
    public func pause(_ reference: String) async throws(EngineError) {
        let container = try find(reference)
        try await container.operations.perform { () async throws(EngineError) in
            var life = container.record.life
            do throws(EngineError) {
                try life.handle(.paused)
            } catch {
                throw container.named(error)
            }
            _ = try await self.calling { () async throws(GRPCStatus) in
                try await self.containerd.tasks.pause(container.id)
            }
            try container.handle(.paused)
            try await self.save(container)
        }
        publish("pause", container.record)
    }

    /// `POST /containers/{id}/unpause`
    public func unpause(_ reference: String) async throws(EngineError) {
        let container = try find(reference)
        try await container.operations.perform { () async throws(EngineError) in
            guard container.record.life.phase == .paused else {
                throw .failed("Container \(container.id) is not paused")
            }
            _ = try await self.calling { () async throws(GRPCStatus) in
                try await self.containerd.tasks.resume(container.id)
            }
            try container.handle(.resumed)
            try await self.save(container)
        }
        publish("unpause", container.record)
    }
}
