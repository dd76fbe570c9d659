internal import CLinux
public import Linux

extension Workers {
    /// Runs `body` on a new thread that ends with it, and waits: for work that changes what belongs to a thread, such
    /// as its namespaces. Blocks.
    public static func onOwnThread<Value: Sendable>(
        _ body: @escaping @Sendable () throws(SystemCallError) -> Value
    ) throws(SystemCallError) -> Value {
        let work = Work(body)
        let call: @Sendable () -> Void = { work.run() }
        let box = Unmanaged.passRetained(Call(call))
        var thread = pthread_t()
        let failed = pthread_create(
            &thread, nil,
            { argument in
                if let argument { Unmanaged<Call>.fromOpaque(argument).takeRetainedValue().body() }
                return nil
            }, box.toOpaque())
        if failed != 0 {
            box.release()
            throw SystemCallError(number: failed, operation: "pthread_create")
        }
        pthread_join(thread, nil)
        guard let result = work.result else { throw SystemCallError(number: ECANCELED, operation: "pthread_create") }
        return try result.get()
    }

    /// What a thread runs and leaves behind. Only one of the two threads touches it at a time: the starter before the
    /// thread exists and after it was joined, the thread in between.
    private final class Work<Value: Sendable>: @unchecked Sendable {
        let body: @Sendable () throws(SystemCallError) -> Value
        var result: Result<Value, SystemCallError>?
        init(_ body: @escaping @Sendable () throws(SystemCallError) -> Value) { self.body = body }

        func run() {
            do throws(SystemCallError) { result = .success(try body()) } catch { result = .failure(error) }
        }
    }

    private final class Call: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
}
