internal import EngineAPI

/// The pause before a restart: it doubles with each short run, and begins anew after one that lasted.
struct RestartBackoff: Equatable {
    /// Nanoseconds; 0 before the first restart.
    private(set) var pause = 0

    static let first = 100_000_000
    static let longest = 60_000_000_000
    /// A run of this length is a good one.
    static let goodRun = 10_000_000_000

    mutating func next(ran: Int) -> Int {
        if pause == 0 || ran >= RestartBackoff.goodRun {
            pause = RestartBackoff.first
        } else {
            pause = min(pause * 2, RestartBackoff.longest)
        }
        return pause
    }
}

extension RestartPolicy {
    var isNone: Bool { name.isEmpty || name == "no" }

    /// Whether a run that ended is followed by another one.
    func wantsRestart(exitCode: Int, restarts: Int, stoppedByUser: Bool) -> Bool {
        if stoppedByUser { return false }
        switch name {
        case "always", "unless-stopped": return true
        case "on-failure": return exitCode != 0 && (maximumRetryCount == 0 || restarts < maximumRetryCount)
        default: return false
        }
    }

    /// Whether a container that is not running is started when the daemon starts.
    func wantsStartWithDaemon(_ life: ContainerLife) -> Bool {
        guard life.hasBeenStarted else { return false }
        switch name {
        case "always": return true
        case "unless-stopped": return !life.stoppedByUser
        case "on-failure":
            return life.exitCode != 0 && !life.stoppedByUser
                && (maximumRetryCount == 0 || life.restartCount < maximumRetryCount)
        default: return false
        }
    }

    /// Upstream's checks of a policy that a client sends.
    func validate() throws(EngineError) {
        switch name {
        case "always", "unless-stopped", "no", "":
            if maximumRetryCount == 0 { return }
            if maximumRetryCount < 0 {
                throw .invalid(
                    "invalid restart policy: maximum retry count cannot be negative"
                        + " and can only be used with 'on-failure'")
            }
            throw .invalid("invalid restart policy: maximum retry count can only be used with 'on-failure'")
        case "on-failure":
            if maximumRetryCount < 0 {
                throw .invalid("invalid restart policy: maximum retry count cannot be negative")
            }
        default:
            throw .invalid(
                "invalid restart policy: unknown policy '" + name + "'; use one of 'no', 'always',"
                    + " 'on-failure', or 'unless-stopped'")
        }
    }
}
