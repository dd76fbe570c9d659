internal import ContainerdAPI
internal import EngineAPI
internal import GoText
internal import Protobuf

extension Engine {
    /// Takes the end of a container's first process. An end that was known already changes nothing.
    func containerExited(_ container: Container, status: Int, at moment: Timestamp, pid: Int) async {
        await container.operations.perform { () async in
            let life = container.record.life
            guard life.isRunning, pid == 0 || life.pid == pid else { return }
            await self.exitedInLine(container, status: status, at: moment)
        }
    }

    func exitedInLine(_ container: Container, status: Int, at moment: Timestamp) async {
        let before = container.record
        let run = container.updateRun { run -> Container.Run in
            let before = run
            run.streams = nil
            run.shmPath = ""
            run.health?.cancel()
            run.health = nil
            return before
        }
        async let outside: Void = releaseAfterDrain(before, run)
        await forgetTask(container, killing: false)
        await outside
        endExecs(of: container.id)
        // The event is taken in every phase.
        _ = try? container.handle(.exited(status: status, at: moment))
        container.update { record in
            record.networkSettings = Engine.cleared(record.networkSettings)
            record.execIDs = []
            // Whoever is not watched is not well, as upstream has it.
            if record.health != nil { record.health?.status = "unhealthy" }
        }
        let record = container.record
        let ran = max(0, moment.totalNanoseconds - before.life.startedAt.totalNanoseconds)
        let removes = record.hostConfig.autoRemove && !run.keepsForRestart && !run.isBeingRemoved
        let again = planRestart(container, ran: ran)
        if !removes { await saveOrReport(container) }
        publish(
            "die", record,
            ["exitCode": String(status), "execDuration": String(ran / 1_000_000_000)])
        container.notify(again ? [.nextExit] : [.nextExit, .notRunning])
        if removes { Task { await self.removeAutomatically(container) } }
    }

    private func releaseAfterDrain(_ record: ContainerRecord, _ run: Container.Run) async {
        await run.streams?.drain(within: .seconds(2))
        await releaseOutside(record, run)
    }

    /// The addresses of a container that does not run are not shown.
    private static func cleared(_ settings: NetworkSettings) -> NetworkSettings {
        var clean = NetworkSettings()
        for (name, endpoint) in settings.networks {
            var kept = endpoint.asked
            kept.macAddress = ""
            kept.networkID = endpoint.networkID
            kept.dnsNames = endpoint.dnsNames
            clean.networks[name] = kept
        }
        return clean
    }

    /// Removes a container that asked for it. While containerd is away that fails: nobody else would try again, and a
    /// client that waits for the removal would wait for ever.
    func removeAutomatically(_ container: Container) async {
        var pause = Duration.milliseconds(250)
        while !shuttingDown.withLock({ $0 }) {
            do throws(EngineError) { return try await remove(container.id, force: true, volumes: true) } catch {
                if error.status == 404 || error.status == 409 { return }
                configuration.report("container \(container.id): cannot remove it: \(error.message)")
            }
            // This task is never cancelled.
            try? await Task.sleep(for: pause)
            pause = min(pause * 2, .seconds(30))
        }
    }

    /// Starts the container again after a while if its policy says so.
    private func planRestart(_ container: Container, ran: Int) -> Bool {
        let record = container.record
        let life = record.life
        guard !shuttingDown.withLock({ $0 }),
            record.hostConfig.restartPolicy.wantsRestart(
                exitCode: life.exitCode, restarts: life.restartCount, stoppedByUser: life.stoppedByUser)
        else { return false }
        // The event is taken in every phase.
        _ = try? container.handle(.restartPlanned)
        container.updateRun { run in
            let pause = run.backoff.next(ran: ran)
            run.restart = Task { [weak self] in
                // Being cancelled is how a planned restart is given up.
                try? await Task.sleep(for: .nanoseconds(pause))
                if !Task.isCancelled { await self?.restartNow(container) }
            }
        }
        return true
    }

    private func restartNow(_ container: Container) async {
        await container.operations.perform { () async in
            let life = container.record.life
            guard life.phase == .restarting, !self.shuttingDown.withLock({ $0 }) else { return }
            do throws(EngineError) {
                // Asked to stop just when it had ended by itself: it is to stay so.
                if !life.stoppedByUser { return try await self.startInLine(container, byPolicy: true) }
            } catch {
                self.configuration.report("container \(container.id): cannot restart it: \(error.message)")
            }
            // Refused when no restart is pending any more: then there is nothing to give up.
            _ = try? container.handle(.restartGivenUp)
            await self.saveOrReport(container)
            container.notify([.notRunning, .nextExit])
        }
    }

    /// Gives up a restart that is planned, since a user wants none; true when there was one. An attempt under way is
    /// waited for: the container may run after it, but is not restarted again.
    func giveUpRestart(_ container: Container) async -> Bool {
        guard container.record.life.phase == .restarting else { return false }
        // The event is taken in every phase.
        _ = try? container.handle(.stopRequested)
        return await container.operations.perform { () async in self.cancelRestart(container) }
    }

    /// Gives up a restart that is planned; true when there was one. For who holds the container's operations.
    func cancelRestart(_ container: Container) -> Bool {
        let task = container.updateRun { run -> Task<Void, Never>? in
            defer { run.restart = nil }
            return run.restart
        }
        task?.cancel()
        guard container.record.life.phase == .restarting else { return false }
        // Refused when no restart is pending any more: then there is nothing to give up.
        _ = try? container.handle(.restartGivenUp)
        return true
    }
}

extension Timestamp {
    init(_ moment: ProtobufTimestamp?) {
        guard let moment, moment.seconds > 0 else {
            self = Clock.now
            return
        }
        self.init(seconds: Int(moment.seconds), nanoseconds: Int(moment.nanos))
    }
}
