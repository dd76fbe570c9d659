internal import GoText

/// Go's package flag as a whole program uses it: parsing that prints its own help and decides the exit status.
extension FlagSet {
    /// What a command line came to.
    public enum GoOutcome: Equatable, Sendable {
        /// The arguments after the flags.
        case arguments([String])
        /// Print the text on standard error and end with the status.
        case end(text: String, status: Int32)
    }

    /// Parses as `flag.Parse` does: `-h` and `-help` print the help and are no error; a mistake prints itself and the
    /// help, and is status 2. `program` is the name as it was called.
    public func parseAsGo(_ arguments: [String], program: String) -> GoOutcome {
        do throws(UsageError) {
            return .arguments(try parse(arguments))
        } catch {
            if error.message == "flag provided but not defined: -h"
                || error.message == "flag provided but not defined: -help"
            {
                return .end(text: goHelp(program), status: 0)
            }
            return .end(text: error.message + "\n" + goHelp(program), status: 2)
        }
    }

    /// `flag.PrintDefaults` under its first line: flags sorted by name, usage on a line of its own except after a
    /// boolean of one letter, defaults unless they are zero.
    public func goHelp(_ program: String) -> String {
        var text = "Usage of " + program + ":\n"
        let sorted = all.sorted { Array($0.name.utf8).lexicographicallyPrecedes(Array($1.name.utf8)) }
        for flag in sorted where !flag.hidden {
            var line = "  -" + flag.name
            if !flag.typeName.isEmpty { line += " " + flag.typeName }
            line += line.utf8.count <= 4 ? "\t" : "\n    \t"
            line += flag.usage
            if !flag.defaultText.isEmpty {
                line += " (default " + (flag.typeName == "string" ? goQuoted(flag.defaultText) : flag.defaultText) + ")"
            }
            text += line + "\n"
        }
        return text
    }
}
