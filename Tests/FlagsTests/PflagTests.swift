import Flags
import Testing

private func sample() -> Command {
    let child = Command("ls", "[OPTIONS] [NAME]", "List things", .atMost(1)) { flags in
        let all = flags.bool("all", "a", usage: "Show all")
        let count = flags.int("last", "n", usage: "Show so many")
        let names = flags.list("filter", "f", usage: "Filter")
        return { (rest) throws(CommandFailure) in
            if all.value && rest.isEmpty && names.value.isEmpty { throw CommandFailure("all", status: 3) }
            return Int32(count.value)
        }
    }
    child.aliases = ["list"]
    let root = Command("tool", "[OPTIONS] COMMAND [ARG...]", "A tool") { flags in
        flags.bool("debug", "D", usage: "Enable debug mode")
        return nil
    }
    return root.add([Command("thing", "", "Manage things").add([child])])
}

private func outcome(_ words: String...) -> String {
    do throws(CommandFailure) {
        switch try sample().resolve(words) {
        case .run(let command, let rest): return "\(command.path) \(rest) \(try command.action?(rest) ?? -1)"
        case .help(let command): return "help \(command.path)"
        case .nothingAsked(let command): return "nothing \(command.path)"
        }
    } catch {
        return "\(error.status): \(error.message)"
    }
}

@Test func commandsAreFoundByPathAndAlias() {
    #expect(outcome("-D", "thing", "list", "-an5", "x") == "tool thing ls [\"x\"] 5")
    #expect(outcome("thing", "ls", "x", "--last=7") == "tool thing ls [\"x\"] 7")
    #expect(outcome("thing") == "nothing tool thing")
    #expect(outcome("thing", "ls", "--help") == "help tool thing ls")
    #expect(outcome("nope", "--help") == "help tool")
    #expect(outcome("--help", "thing", "ls") == "help tool thing ls")
}

@Test func refusalsAreDockersWords() {
    #expect(outcome("nope") == "1: tool: unknown command: tool nope\n\nRun 'tool --help' for more information")
    #expect(
        outcome("thing", "x")
            == "1: tool: unknown command: tool thing x\n\nUsage:  tool thing\n\n"
            + "Run 'tool thing --help' for more information"
    )
    let usage = "\n\nUsage:  tool thing ls [OPTIONS] [NAME]\n\nRun 'tool thing ls --help' for more information"
    #expect(outcome("thing", "ls", "--foo") == "125: unknown flag: --foo" + usage)
    #expect(outcome("thing", "ls", "-Z") == "125: unknown shorthand flag: 'Z' in -Z" + usage)
    #expect(outcome("thing", "ls", "-n") == "125: flag needs an argument: 'n' in -n" + usage)
    #expect(outcome("thing", "ls", "--last") == "125: flag needs an argument: --last" + usage)
    #expect(
        outcome("thing", "ls", "-a=x")
            == "125: invalid argument \"x\" for \"-a, --all\" flag: strconv.ParseBool: parsing \"x\": invalid syntax"
            + usage)
}

@Test func helpIsSortedAlignedAndWrapped() {
    let flags = FlagSet(.pflag)
    flags.string("zone", usage: "A zone", default: "here")
    flags.bool("all", "a", usage: "Show all containers (default shows just running) and a good deal more than that")
    flags.int("n", usage: "Number")
    let text = flags.pflagUsages(width: 60)
    #expect(
        text == """
              -a, --all           Show all containers (default
                                  shows just running) and a good
                                  deal more than that
                  --n int         Number
                  --zone string   A zone (default "here")

            """)
}

@Test func helpOfACommandHasItsSections() {
    #expect(
        sample().help(width: 80) == """
            Usage:  tool [OPTIONS] COMMAND

            A tool

            Management Commands:
              thing       Manage things

            Global Options:
              -D, --debug   Enable debug mode

            Run 'tool COMMAND --help' for more information on a command.

            """)
}
