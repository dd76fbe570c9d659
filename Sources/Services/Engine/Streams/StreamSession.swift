internal import ContainerLogs
internal import EngineAPI

/// A client attached to a process: its bytes go to the standard input, the process's output comes back.
struct StreamSession: Sendable {
    enum Outcome: Sendable { case ended, detached, clientGone }

    let connection: any AttachConnection
    let hub: StreamHub
    let listening: (id: Int, queue: OutputQueue)
    let keys: DetachKeys
    let forwardsInput: Bool

    /// Carries bytes until the process's output ends, the client cannot be written to, or detaches.
    func run(closesInput: Bool, closeInput: @escaping @Sendable () async -> Void) async -> Outcome {
        let outcome = await withTaskGroup(of: Outcome?.self) { group in
            group.addTask { await carryOutput() }
            group.addTask { await carryInput(closesInput, closeInput) }
            while let next = await group.next() {
                guard let outcome = next else { continue }
                group.cancelAll()
                hub.unlisten(listening.id)
                return outcome
            }
            return .ended
        }
        hub.unlisten(listening.id)
        return outcome
    }

    private func carryOutput() async -> Outcome? {
        while let bytes = await listening.queue.next() {
            do { try await connection.write(bytes) } catch {
                return .clientGone
            }
        }
        return .ended
    }

    /// nil: the end of the client's input does not end the session.
    private func carryInput(_ closesInput: Bool, _ closeInput: @Sendable () async -> Void) async -> Outcome? {
        var keys = keys
        var isGone = false
        while !Task.isCancelled {
            let read: [UInt8]?
            do { read = try await connection.read() } catch {
                isGone = true
                break
            }
            guard let bytes = read else { break }
            if !forwardsInput && keys == .none { continue }
            let (passed, detaches) = keys.filter(bytes)
            if forwardsInput && !passed.isEmpty {
                guard let input = await hub.input(), await input.write(passed) else { continue }
            }
            if detaches { return .detached }
        }
        if forwardsInput && closesInput && !Task.isCancelled {
            // Who has gone waits for no run that is to come.
            let input = isGone ? hub.presentInput : await hub.input()
            input?.closeNow()
            if input != nil || !isGone { await closeInput() }
        }
        return isGone ? .clientGone : nil
    }
}
