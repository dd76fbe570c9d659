internal import CLinux

/// One lock for each name: work on one container never waits for work on another. Held across slow work; nothing that
/// lists or inspects takes it.
final class KeyedLock: Sendable {
    /// The set of names in use, behind a mutex and a condition of the C library. Their addresses must not change, so
    /// they live in memory of their own; every access is made under that mutex, which makes sharing safe.
    private final class Guarded: @unchecked Sendable {
        let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
        let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
        var names: Set<String> = []

        init() {
            pthread_mutex_init(mutex, nil)
            pthread_cond_init(condition, nil)
        }

        deinit {
            pthread_mutex_destroy(mutex)
            pthread_cond_destroy(condition)
            mutex.deallocate()
            condition.deallocate()
        }
    }

    private let guarded = Guarded()

    /// Runs `body` while no other thread runs one for the same name.
    func with<Value, Failure: Error>(_ name: String, _ body: () throws(Failure) -> Value) throws(Failure) -> Value {
        pthread_mutex_lock(guarded.mutex)
        while guarded.names.contains(name) { pthread_cond_wait(guarded.condition, guarded.mutex) }
        guarded.names.insert(name)
        pthread_mutex_unlock(guarded.mutex)
        defer {
            pthread_mutex_lock(guarded.mutex)
            guarded.names.remove(name)
            pthread_cond_broadcast(guarded.condition)
            pthread_mutex_unlock(guarded.mutex)
        }
        return try body()
    }
}
