import Testing

@testable import Flags

@Suite struct UrfaveTests {
    /// A program with a command, and a group of one.
    static func app() -> UrfaveApp<String> {
        let run = UrfaveCommand<String>("run", "r", usage: "run it", arguments: "<id>") { flags in
            flags.string("bundle", "b", usage: "where")
            flags.bool("detach", "d", usage: "go away")
            flags.int("preserve-fds", usage: "how many")
            return "run"
        }
        let exec = UrfaveCommand<String>("exec", usage: "more", arguments: "<id>") { flags in
            flags.bool("tty", "t", usage: "terminal")
            return "exec"
        }
        exec.stopsAtFirstArgument = true
        let list = UrfaveCommand<String>("list", "ls", usage: "list them") { _ in "list" }
        let group = UrfaveCommand<String>("images", "i", usage: "see to images", subcommands: [list])
        return UrfaveApp("tool", usage: "a tool", version: "1.2", commands: [run, exec, group]) { flags in
            flags.string("root", usage: "state", default: "/run/x")
        }
    }

    static func resolve(_ words: String...) -> UrfaveResolution<String> { app().resolve(words) }

    @Test func flagsAfterTheArgumentsAreTheCommands() {
        guard case .run("run", let rest, "tool run", _) = Self.resolve("r", "id", "-d", "--bundle", "x") else {
            Issue.record("not run")
            return
        }
        #expect(rest == ["id"])
    }

    @Test func exceptWhereTheArgumentsAreAProgram() {
        guard case .run("exec", let rest, _, _) = Self.resolve("exec", "-t", "id", "ls", "-t") else {
            Issue.record("not run")
            return
        }
        #expect(rest == ["id", "ls", "-t"])
    }

    @Test func groupsHaveCommands() {
        guard case .run("list", _, let path, _) = Self.resolve("--root", "/x", "i", "ls") else {
            Issue.record("not run")
            return
        }
        #expect(path == "tool images list")
    }

    @Test func anUnknownFlagIsAUsageError() {
        guard case .refuse(let message, let help, 1) = Self.resolve("run", "--foo") else {
            Issue.record("not refused")
            return
        }
        #expect(message == "flag provided but not defined: -foo")
        #expect(help.hasPrefix("Incorrect Usage: flag provided but not defined: -foo\n\nNAME:\n   tool run - run it\n"))
        guard case .refuse(_, let global, 1) = Self.resolve("--foo") else {
            Issue.record("not refused")
            return
        }
        #expect(global.hasPrefix("Incorrect Usage. flag provided but not defined: -foo\n\nNAME:\n   tool - a tool\n"))
    }

    @Test func anUnknownCommandIsStatusThree() {
        for words in [["nosuch"], ["images", "nosuch"], ["help", "nosuch"]] {
            guard case .refuse("No help topic for 'nosuch'", "", 3) = Self.app().resolve(words) else {
                Issue.record("not refused")
                return
            }
        }
    }

    @Test func helpOfACommand() {
        let wanted = """
            NAME:
               tool run - run it

            USAGE:
               tool run [command options] <id>

            OPTIONS:
               --bundle value, -b value  where
               --detach, -d              go away
               --preserve-fds value      how many (default: 0)
            """ + "\n   \n"
        for words in [["run", "--help"], ["run", "-h"], ["help", "run"]] {
            guard case .show(let text) = Self.app().resolve(words) else {
                Issue.record("not shown")
                return
            }
            #expect(text == wanted)
        }
    }

    @Test func helpOfAGroupAndOfTheProgram() {
        guard case .show(let group) = Self.resolve("images"), case .show(let all) = Self.resolve() else {
            Issue.record("not shown")
            return
        }
        #expect(group.contains("COMMANDS:\n   list, ls  list them\n\nOPTIONS:\n   --help, -h  show help\n"))
        #expect(
            all.contains(
                "USAGE:\n   tool [global options] command [command options] [arguments...]\n\nVERSION:\n   1.2\n"))
        #expect(all.contains("   --root value   state (default: \"/run/x\")\n   --help, -h     show help\n"))
        guard case .show("tool version 1.2\n") = Self.resolve("-v") else {
            Issue.record("no version")
            return
        }
    }
}
