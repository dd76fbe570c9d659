internal import CLinux
internal import Cgroups
internal import ContainerRuntime
internal import Flags
internal import GoText
internal import JSON
internal import Linux

var stateCommand: UrfaveCommand<Verb> {
    UrfaveCommand<Verb>("state", usage: "print the state of a container", arguments: "<container-id>") { _ in
        Verb(.exactly(1)) { (use) throws(RuntimeFailure) in
            Console.out(JSON.object(row(try use.container(), owner: "")).indented("  "))
            return 0
        }
    }
}

/// What `state` and `list` say of a container.
private func row(_ container: Container, owner: String) -> JSON.Object {
    let status = container.status
    var object = JSON.Object([
        ("ociVersion", .string(RuncCommand.specVersion)), ("id", .string(container.id)),
        ("pid", .int(status == .stopped ? 0 : container.pid)), ("status", .string(status.rawValue)),
        ("bundle", .string(container.bundle)), ("rootfs", .string(container.rootfs)),
        ("created", .string(container.created)),
    ])
    if !container.annotations.isEmpty {
        var map = JSON.Object()
        for key in container.annotations.keys.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
            map[key] = .string(container.annotations[key] ?? "")
        }
        object["annotations"] = .object(map)
    }
    object["owner"] = .string(owner)
    return object
}

var listCommand: UrfaveCommand<Verb> {
    let command = UrfaveCommand<Verb>("list", usage: "list the containers below the root directory") { flags in
        let format = flags.string("format", "f", usage: "'table' or 'json'", default: "table")
        let quiet = flags.bool("quiet", "q", usage: "only names")
        return Verb(.exactly(0)) { (use) throws(RuntimeFailure) in
            var found: [Container] = []
            for name in try use.store.names() {
                do throws(RuntimeFailure) {
                    found.append(try use.store.load(name))
                } catch {
                    Console.error("load container " + name + ": " + error.message + "\n")
                }
            }
            if quiet.value {
                for container in found { Console.out(container.id + "\n") }
                return 0
            }
            switch format.value {
            case "table": Console.out(table(found))
            case "json":
                let rows = found.map { JSON.object(row($0, owner: $0.owner)) }
                Console.out((rows.isEmpty ? "null" : JSON.array(rows).text()) + "\n")
            default: throw RuntimeFailure("invalid format option")
            }
            return 0
        }
    }
    command.usageText = "runc list [command options]"
    return command
}

/// Columns at least twelve wide, three blanks apart.
private func table(_ containers: [Container]) -> String {
    var rows = [["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"]]
    for container in containers {
        let status = container.status
        rows.append([
            container.id, String(status == .stopped ? 0 : container.pid), status.rawValue, container.bundle,
            container.created, container.owner,
        ])
    }
    var text = ""
    var widths = [Int](repeating: 0, count: 6)
    for row in rows {
        for (column, cell) in row.enumerated() { widths[column] = max(widths[column], cell.utf8.count + 3, 12) }
    }
    for row in rows {
        for (column, cell) in row.enumerated() {
            text += cell
            if column < 5 { for _ in cell.utf8.count..<widths[column] { text += " " } }
        }
        text += "\n"
    }
    return text
}

var psCommand: UrfaveCommand<Verb> {
    let command = UrfaveCommand<Verb>(
        "ps", usage: "list the processes of a container", arguments: "<container-id> [ps options]"
    ) { flags in
        let format = flags.string("format", "f", usage: "'table' or 'json'", default: "table")
        return Verb(.atLeast(1)) { (use) throws(RuntimeFailure) in
            let pids = try use.container().processes()
            switch format.value {
            case "json": Console.out((pids.isEmpty ? "null" : JSON.array(pids.map { .int($0) }).text()) + "\n")
            case "table": Console.out(try psTable(pids, Array(use.arguments.dropFirst())))
            default: throw RuntimeFailure("invalid format option")
            }
            return 0
        }
    }
    command.stopsAtFirstArgument = true
    return command
}

/// ps(1)'s own lines about these processes.
private func psTable(_ pids: [Int32], _ options: [String]) throws(RuntimeFailure) -> String {
    let output: [UInt8]
    let status: ExitStatus
    do throws(SystemCallError) {
        let pipe = try Pipe()
        var spawn = Spawn("ps", ["ps"] + (options.isEmpty ? ["-ef"] : options))
        spawn.descriptors = [0, pipe.writer.number, pipe.writer.number]
        let pid = try spawn.start()
        let reader = pipe.endWriting()
        output = try reader.readAll()
        status = try Process.wait(pid)
    } catch {
        throw RuntimeFailure(error)
    }
    let lines = output.split(separator: 10)
    guard status == .exited(0), let head = lines.first else {
        throw RuntimeFailure(
            "exit status " + String(status.shellStatus) + ": " + String(decoding: output, as: UTF8.self))
    }
    guard let column = head.split(separator: 32).firstIndex(where: { $0.elementsEqual("PID".utf8) }) else {
        throw RuntimeFailure("couldn't find PID field in ps output")
    }
    var text = String(decoding: head, as: UTF8.self) + "\n"
    for line in lines.dropFirst() {
        let fields = line.split(separator: 32)
        guard fields.count > column, let pid = Int32(String(decoding: fields[column], as: UTF8.self)) else { continue }
        if pids.contains(pid) { text += String(decoding: line, as: UTF8.self) + "\n" }
    }
    return text
}

var eventsCommand: UrfaveCommand<Verb> {
    UrfaveCommand<Verb>(
        "events", usage: "print what a container uses, and when it runs out of memory", arguments: "<container-id>"
    ) { flags in
        let interval = flags.value(
            "interval", usage: "time between two figures", type: "duration", default: 5000, defaultText: "5s"
        ) {
            (text, _) throws(UsageError) in
            guard let interval = GoDuration.parse(text) else {
                throw UsageError("parse error")
            }
            return Int(interval / 1_000_000)
        }
        let once = flags.bool("stats", usage: "print the figures once")
        return Verb(.exactly(1)) { (use) throws(RuntimeFailure) in
            let container = try use.container()
            if interval.value <= 0 { throw RuntimeFailure("duration interval must be greater than 0") }
            if container.status == .stopped {
                throw RuntimeFailure("container with id " + use.id + " is not running")
            }
            while true {
                let event = JSON.members([
                    ("type", .string("stats")), ("id", .string(container.id)), ("data", container.cgroup.statistics()),
                ])
                Console.out(event.text() + "\n")
                if once.value { return 0 }
                var left = interval.value
                while left > 0 {
                    usleep(UInt32(min(left, 100)) * 1000)
                    left -= 100
                    if !container.isAlive { return 0 }
                }
            }
        }
    }
}
