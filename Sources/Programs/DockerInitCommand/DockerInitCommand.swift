internal import CLinux
internal import Linux

/// What the program does, behind its main: runs one child, passes every signal on to it, reaps all that is
/// re-parented to it, and ends as the child ended.
public enum DockerInitCommand {
    /// Runs the program and returns its exit status.
    public static func main(_ arguments: [String]) -> Int32 {
        let path = arguments.first ?? "docker-init"
        let name = Files.name(of: path)
        do throws(Options.Refusal) {
            let permuting = Process.environment("POSIXLY_CORRECT") == nil
            var options = try Options(Array(arguments.dropFirst()), permuting: permuting)
            options.readEnvironment()
            var supervisor = Supervisor(options)
            return supervisor.run()
        } catch {
            return answer(error, path: path, name: name)
        }
    }

    private static func answer(_ refusal: Options.Refusal, path: String, name: String) -> Int32 {
        switch refusal {
        case .version: Console.out(versionText + "\n")
        case .help: Console.out(helpText(name))
        case .license: Console.out(licenseText)
        case .fatal(let message):
            Messages(verbosity: 1).fatal(message)
            return 1
        case .usage(let complaint):
            Console.error(path + ": " + complaint + "\n" + helpText(name))
            return 1
        case .noProgram:
            Console.error(helpText(name))
            return 1
        }
        return 0
    }
}

/// Lines in tini's form; warnings and worse go to standard error.
struct Messages {
    let verbosity: Int

    func fatal(_ text: String) { Console.error(line("FATAL", text)) }
    func warning(_ text: String) { if verbosity > 0 { Console.error(line("WARN ", text)) } }
    func info(_ text: String) { if verbosity > 1 { Console.out(line("INFO ", text)) } }
    func debug(_ text: String) { if verbosity > 2 { Console.out(line("DEBUG", text)) } }
    func trace(_ text: String) { if verbosity > 3 { Console.out(line("TRACE", text)) } }

    private func line(_ level: String, _ text: String) -> String {
        "[" + level + " tini (" + String(getpid()) + ")] " + text + "\n"
    }
}

/// The C library's words for an errno, as they are (tini prints them with their capital).
func reason(_ number: Int32) -> String { String(cString: cl_strerror(number)) }

/// The C library's words for a signal ("Killed").
func signalText(_ number: Int32) -> String { strsignal(number).map { String(cString: $0) } ?? String(number) }
