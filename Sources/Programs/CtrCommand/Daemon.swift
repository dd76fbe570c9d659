internal import CLinux
internal import ContainerdAPI
internal import ContainerdClient
internal import Flags
internal import GRPC
internal import Linux
internal import TextTable

// What is about the daemon itself: its version, its plugins; and commands about things that are not here.

func versionCommand() -> Command {
    Command("version", usage: "print the client and server versions") { _ in
        { (session, _) in
            session.print("Client:\n  Version:  " + CtrCommand.version + "\n  Revision: \n  Go version: \n")
            let client = try await session.client()
            let version = try await client.version()
            session.print("Server:\n  Version:  " + version.version + "\n  Revision: " + version.revision)
            let server = try await client.introspection.server()
            session.print("  UUID: " + server.uuid)
        }
    }
}

func pluginsCommand() -> Command {
    let list = Command("list", "ls", usage: "lists containerd plugins") { flags in
        let quiet = flags.bool("quiet", "q", usage: "print only the plugin ids")
        let detailed = flags.bool("detailed", "d", usage: "print detailed information about each plugin")
        return { (session, arguments) in
            let plugins = try await session.client().introspection.plugins(filters: arguments)
            if quiet.value { return plugins.forEach { session.print($0.id) } }
            if detailed.value {
                let text = plugins.map { describe($0) }.joined(separator: "\t\t\t\n")
                return Console.out(aligned(text, minimumWidth: 4, padding: 4))
            }
            var rows = [["TYPE", "ID", "PLATFORMS", "STATUS"]]
            for plugin in plugins {
                let status = plugin.initErr == nil ? "ok" : plugin.isSkipped ? "skip" : "error"
                let platforms = plugin.platforms.map { $0.text }.joined(separator: ",")
                rows.append([plugin.type, plugin.id, platforms.isEmpty ? "-" : platforms, status])
            }
            session.table(rows)
        }
    }
    return Command("plugins", "plugin", usage: "provides information about containerd plugins", subcommands: [list])
}

extension IntrospectionService.Plugin {
    /// A plugin that had nothing to do here is no failure.
    fileprivate var isSkipped: Bool { initErr?.message.contains("skip plugin") ?? false }
}

extension ContainerdTypes.Platform {
    var text: String { [os, architecture, variant].filter { !$0.isEmpty }.joined(separator: "/") }
}

private func describe(_ plugin: IntrospectionService.Plugin) -> String {
    var text = "Type:\t " + plugin.type + "\nID:\t " + plugin.id + "\n"
    if !plugin.requires.isEmpty {
        text += "Requires:\t\n" + plugin.requires.map { "\t " + $0 + "\n" }.joined()
    }
    if !plugin.platforms.isEmpty {
        text += "Platforms:\t " + plugin.platforms.map { $0.text }.joined(separator: ",") + "\n"
    }
    if !plugin.exports.isEmpty {
        text += "Exports:\t\n"
        for (name, value) in plugin.exports.sorted(by: { $0.key < $1.key }) {
            text += "\t " + name + " \t " + value + "\n"
        }
    }
    if !plugin.capabilities.isEmpty {
        text += "Capabilities:\t " + plugin.capabilities.joined(separator: ",") + "\n"
    }
    if let failure = plugin.initErr {
        let code = (GRPCStatus.Code(rawValue: Int(failure.code)) ?? .unknown).name
        text += "Error:\t\n\t Code:\t " + code + "\n\t Message:\t " + failure.message + "\n"
    }
    return text
}

// MARK: - Refused

func pprofCommand() -> Command {
    let profiles = [
        ("block", "goroutine blocking profile"), ("goroutines", "dump goroutine stack dump"),
        ("heap", "dump heap profile"), ("profile", "CPU profile"),
        ("threadcreate", "goroutine thread creating profile"),
        ("trace", "collect execution trace"),
    ]
    let commands = profiles.map { (name, usage) in
        Command(name, usage: usage) { flags in
            if name == "profile" {
                _ = flags.duration("seconds", "s", usage: "duration for collection (seconds)", seconds: 30)
            } else if name == "trace" {
                _ = flags.duration("seconds", "s", usage: "trace time (seconds)", seconds: 5)
            }
            return { (_, _) in throw CtrError.message("pprof is of Go programs: this containerd has no such profiles") }
        }
    }
    return Command(
        "pprof", usage: "provide golang pprof outputs for containerd", subcommands: commands,
        declareFlags: { flags in
            flags.string(
                "debug-socket", "d", usage: "socket path for containerd's debug server",
                default: "/run/containerd/debug.sock")
        })
}

func installCommand() -> Command {
    Command("install", usage: "install a new package", arguments: "<ref>") { flags in
        flags.bool("libs", "l", usage: "install libs from the image")
        flags.bool("replace", "r", usage: "replace any binaries or libs in the opt directory")
        flags.string("path", usage: "set an optional install path other than the managed opt directory")
        return { (session, arguments) in
            _ = try await session.client().images.get(arguments.first ?? "")
            throw CtrError.message("install is not supported: there is no opt directory to install into")
        }
    }.described("install a new package")
}

func shimCommand() -> Command {
    func refused(_ name: String, _ usage: String, _ declare: @escaping (FlagSet) -> Void = { _ in }) -> Command {
        Command(name, usage: usage) { flags in
            declare(flags)
            return { (_, _) in throw CtrError.message("speaking to a shim past containerd is not supported") }
        }
    }
    let exec = refused("exec", "exec a new process in the task's container") { flags in
        flags.bool("attach", "a", usage: "stay attached to the container and open the fifos")
        flags.list("env", "e", usage: "add environment vars", type: "value")
        flags.string("cwd", usage: "current working directory")
        flags.bool("tty", "t", usage: "enable tty support")
        flags.string("stdin", usage: "specify the path to the stdin fifo")
        flags.string("stdout", usage: "specify the path to the stdout fifo")
        flags.string("stderr", usage: "specify the path to the stderr fifo")
        flags.string("spec", usage: "runtime spec")
    }
    return Command(
        "shim", usage: "interact with a shim directly",
        subcommands: [
            refused("delete", "delete a container with a task"), exec,
            refused("start", "start a container with a task"),
            refused("state", "get the state of all the processes of the task"),
        ], declareFlags: { $0.string("id", usage: "container id") })
}

extension UrfaveCommand {
    /// The same with a description in its help.
    func described(_ text: String) -> Self {
        description = text
        return self
    }
}
