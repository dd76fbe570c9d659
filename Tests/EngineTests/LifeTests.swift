import EngineAPI
import GoText
import Testing

@testable import Engine

struct LifeTests {
    private func running() throws -> ContainerLife {
        var life = ContainerLife()
        try life.handle(.startRequested(byPolicy: false))
        try life.handle(.started(pid: 7, at: Timestamp(seconds: 10)))
        return life
    }

    @Test func aStartedContainerRunsUntilItExits() throws {
        var life = try running()
        #expect(life.phase == .running && life.pid == 7 && life.hasBeenStarted)
        let first = try life.handle(.exited(status: 3, at: Timestamp(seconds: 20)))
        #expect(first == .finishRun)
        #expect(life.phase == .exited && life.exitCode == 3 && life.pid == 0)
        let second = try life.handle(.exited(status: 4, at: Timestamp(seconds: 21)))
        #expect(second == .none)
        #expect(life.exitCode == 3)
    }

    @Test func startingARunningContainerIsNotModified() throws {
        var life = try running()
        #expect(throws: EngineError.notModified) {
            try life.handle(.startRequested(byPolicy: false))
        }
    }

    @Test func aPausedContainerMustBeResumedFirst() throws {
        var life = try running()
        try life.handle(.paused)
        #expect(life.isRunning && life.apiState.status == "paused" && life.apiState.running)
        #expect(throws: EngineError.self) { try life.handle(.paused) }
        #expect(throws: EngineError.self) { try life.handle(.startRequested(byPolicy: false)) }
        try life.handle(.resumed)
        #expect(life.phase == .running)
        #expect(throws: EngineError.self) { try life.handle(.resumed) }
    }

    @Test func aContainerThatNeverRanStaysCreatedWhenItsStartFails() throws {
        var life = ContainerLife()
        try life.handle(.startRequested(byPolicy: false))
        try life.handle(.startFailed(status: 127, message: "no"))
        #expect(life.phase == .created && life.exitCode == 127 && life.error == "no")
    }

    @Test func restartsAreCountedUntilAUserStartsIt() throws {
        var life = try running()
        try life.handle(.exited(status: 1, at: Timestamp(seconds: 11)))
        try life.handle(.restartPlanned)
        #expect(life.phase == .restarting && life.restartCount == 1 && life.apiState.restarting)
        try life.handle(.startRequested(byPolicy: true))
        #expect(life.restartCount == 1)
        try life.handle(.started(pid: 8, at: Timestamp(seconds: 12)))
        try life.handle(.exited(status: 1, at: Timestamp(seconds: 13)))
        try life.handle(.startRequested(byPolicy: false))
        #expect(life.restartCount == 0)
    }

    @Test func aRemovedContainerCannotBeStarted() throws {
        var life = ContainerLife()
        try life.handle(.removalBegan)
        #expect(throws: EngineError.self) { try life.handle(.startRequested(byPolicy: false)) }
        #expect(throws: EngineError.self) { try life.handle(.removalBegan) }
        try life.handle(.removalFailed)
        #expect(life.phase == .created)
        var other = try running()
        #expect(throws: EngineError.self) { try other.handle(.removalBegan) }
    }

    @Test func whatIsStoredIsReadAgain() throws {
        var life = try running()
        try life.handle(.paused)
        let again = try ContainerLife(
            stored: try #require(life.stored.object), restarts: life.restartCount, started: life.hasBeenStarted,
            stopped: life.stoppedByUser)
        #expect(again.phase == .paused && again.pid == 7 && again.startedAt == life.startedAt)
    }
}

struct RestartPolicyTests {
    private func policy(_ name: String, _ most: Int = 0) -> RestartPolicy {
        var policy = RestartPolicy()
        policy.name = name
        policy.maximumRetryCount = most
        return policy
    }

    @Test func onFailureStopsAtItsLimit() {
        let rule = policy("on-failure", 2)
        #expect(!rule.wantsRestart(exitCode: 0, restarts: 0, stoppedByUser: false))
        #expect(rule.wantsRestart(exitCode: 1, restarts: 1, stoppedByUser: false))
        #expect(!rule.wantsRestart(exitCode: 1, restarts: 2, stoppedByUser: false))
        #expect(policy("on-failure").wantsRestart(exitCode: 1, restarts: 99, stoppedByUser: false))
    }

    @Test(arguments: ["always", "unless-stopped", "on-failure"])
    func nothingRestartsWhatAUserStopped(_ name: String) {
        #expect(!policy(name).wantsRestart(exitCode: 1, restarts: 0, stoppedByUser: true))
    }

    @Test func thePauseDoublesUntilARunLasts() {
        var backoff = RestartBackoff()
        let pauses = [0, 0, 0, 20_000_000_000].map { backoff.next(ran: $0) }
        #expect(pauses == [100_000_000, 200_000_000, 400_000_000, 100_000_000])
        for _ in 0..<30 { _ = backoff.next(ran: 0) }
        #expect(backoff.pause == RestartBackoff.longest)
    }

    @Test func unknownPoliciesAreRefused() {
        #expect(throws: EngineError.self) { try policy("sometimes").validate() }
        #expect(throws: EngineError.self) { try policy("always", 3).validate() }
        #expect(throws: Never.self) { try policy("on-failure", 3).validate() }
    }

    @Test func theDaemonStartsWhatItShould() throws {
        var life = ContainerLife()
        #expect(!policy("always").wantsStartWithDaemon(life))
        try life.handle(.started(pid: 1, at: Timestamp(seconds: 1)))
        try life.handle(.stopRequested)
        try life.handle(.exited(status: 137, at: Timestamp(seconds: 2)))
        #expect(policy("always").wantsStartWithDaemon(life))
        #expect(!policy("unless-stopped").wantsStartWithDaemon(life))
    }
}

struct RegistryTests {
    @Test func findsByIdNameAndBeginning() {
        var registry = Registry<Int>()
        registry.add(1, id: "abc1")
        registry.add(2, id: "abd2")
        let (mine, other) = (registry.reserve("web", for: "abd2"), registry.reserve("web", for: "abc1"))
        #expect(mine && !other)
        func found(_ text: String) -> Int? { if case .found(let entry) = registry.find(text) { entry } else { nil } }
        #expect(found("abc1") == 1 && found("/web") == 2 && found("abc") == 1)
        #expect(found("ab") == nil && found("zz") == nil && found("") == nil)
        if case .ambiguous = registry.find("ab") {} else { Issue.record("two ids begin so") }
        registry.remove(id: "abd2")
        #expect(found("web") == nil && registry.owner(of: "web") == nil)
    }
}
