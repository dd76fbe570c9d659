internal import ContainerLogs
internal import EngineAPI
internal import GoText

/// A container's health check with every default filled in. Durations are in nanoseconds.
struct HealthPlan: Equatable {
    var command: [String]
    var interval: Int
    var timeout: Int
    var startPeriod: Int
    var startInterval: Int
    var retries: Int

    /// nil when there is nothing to check.
    init?(_ config: ContainerConfig) {
        guard let health = config.healthcheck, let kind = health.test.first else { return nil }
        let words = Array(health.test.dropFirst())
        switch kind {
        case "CMD": command = words
        case "CMD-SHELL": command = (config.shell.isEmpty ? ["/bin/sh", "-c"] : config.shell) + words
        default: return nil
        }
        if command.isEmpty { return nil }
        func or(_ value: Int, _ usual: Int) -> Int { value == 0 ? usual : value }
        interval = or(health.interval, 30_000_000_000)
        timeout = or(health.timeout, 30_000_000_000)
        startPeriod = health.startPeriod
        startInterval = or(health.startInterval, 5_000_000_000)
        retries = or(health.retries, 3)
    }

    /// What one more probe makes of a container's health; `running` is how long the container has been up.
    func health(after result: HealthcheckResult, _ before: Health, running: Int) -> Health {
        var health = before
        var log = (before.log ?? []) + [result]
        if log.count > 5 { log.removeFirst(log.count - 5) }
        health.log = log
        if result.exitCode == 0 {
            health.failingStreak = 0
            health.status = "healthy"
            return health
        }
        // A container that is still coming up is not blamed.
        if health.status == "starting" && running < startPeriod { return health }
        health.failingStreak += 1
        if health.failingStreak >= retries { health.status = "unhealthy" }
        return health
    }
}

extension Engine {
    /// Probes a container that has begun to run until the run is over.
    func beginHealthChecks(_ container: Container) {
        guard let plan = HealthPlan(container.record.config) else { return }
        container.update { record in
            var health = Health()
            health.status = "starting"
            health.log = []
            record.health = health
        }
        let task = Task { [weak self] in
            while !Task.isCancelled {
                let record = container.record
                let isStarting =
                    record.health?.status == "starting"
                    && Clock.now.totalNanoseconds - record.life.startedAt.totalNanoseconds < plan.startPeriod
                do {
                    try await Task.sleep(for: .nanoseconds(isStarting ? plan.startInterval : plan.interval))
                } catch {
                    return
                }
                guard let self, container.record.life.isRunning else { return }
                if container.record.life.phase == .running { await self.probe(container, plan) }
            }
        }
        container.updateRun { run in
            run.health?.cancel()
            run.health = task
        }
    }

    private func probe(_ container: Container, _ plan: HealthPlan) async {
        let started = Clock.now
        var result = await outcome(container, plan)
        result.start = started.description
        result.end = Clock.now.description
        let complete = result
        let change = container.update { record -> (before: String, after: String) in
            guard let before = record.health, record.life.isRunning else { return ("", "") }
            let running = started.totalNanoseconds - record.life.startedAt.totalNanoseconds
            let after = plan.health(after: complete, before, running: running)
            record.health = after
            return (before.status, after.status)
        }
        if change.before != change.after { publish("health_status: " + change.after, container.record) }
    }

    /// Runs the probe's command as an exec, for as long as it may take.
    private func outcome(_ container: Container, _ plan: HealthPlan) async -> HealthcheckResult {
        var result = HealthcheckResult()
        var config = ExecConfig()
        config.cmd = plan.command
        config.attachStdout = true
        config.attachStderr = true
        do throws(EngineError) {
            let exec = try findExec(try createExec(container.id, config))
            let listening = exec.hub.listen([.stdout, .stderr], isFramed: false)
            let collecting = Task { await Engine.collect(listening.queue) }
            try await startExec(exec, nil)
            let limit = Task { [self] in
                do { try await Task.sleep(for: .nanoseconds(plan.timeout)) } catch { return false }
                await kill(exec)
                return true
            }
            let code = await exec.wait()
            limit.cancel()
            let output = await collecting.value
            if await limit.value {
                result.exitCode = -1
                result.output = "Health check exceeded timeout (" + GoDuration.text(Int64(plan.timeout)) + ")"
            } else {
                result.exitCode = code
                result.output = output
            }
        } catch {
            result.exitCode = -1
            result.output = error.message
        }
        return result
    }

    private func kill(_ exec: Exec) async {
        // It may have ended by itself, which is as good.
        try? await containerd.tasks.kill(exec.containerID, exec: exec.id, signal: 9)
    }

    /// The first 4096 bytes of a process's output.
    private static func collect(_ queue: OutputQueue) async -> String {
        var bytes: [UInt8] = []
        while let piece = await queue.next() { if bytes.count < 4096 { bytes += piece } }
        return bytes.count > 4096
            ? String(decoding: bytes.prefix(4096), as: UTF8.self) + "..." : String(decoding: bytes, as: UTF8.self)
    }
}
