internal import EngineAPI
extension Engine {
    func beginHealthChecks(_ container: Container) {}
}
