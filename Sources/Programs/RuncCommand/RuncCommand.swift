internal import Flags
internal import JSON
internal import Linux
internal import OCIRuntime

/// What the program does, behind its main.
public enum RuncCommand {
    /// Runs the program and returns its exit status.
    public static func main(_ arguments: [String]) -> Int32 {
        let app = UrfaveApp<() -> Int32>("runc", usage: "x", version: "1", commands: [
            UrfaveCommand("spec", usage: "s") { flags in { Console.out(Spec.starter.json.indented("\t")); return 0 } }
        ]) { _ in }
        switch app.resolve(Array(arguments.dropFirst())) {
        case .run(let action, _, _, _): return action()
        case .show(let text): Console.out(text); return 0
        case .refuse(let message, let help, let status): Console.out(help); Console.error(message); return status
        }
    }
}
