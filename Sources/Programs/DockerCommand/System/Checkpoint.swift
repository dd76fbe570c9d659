internal import EngineClient
internal import Flags
internal import JSON
internal import Linux

func checkpointCommands(_ session: Session) -> [Command] {
    func path(_ name: String) -> String { "/containers/" + pathEscaped(name) + "/checkpoints" }
    func experimental(_ verb: String) throws -> EngineClient {
        try requireExperimental("docker checkpoint " + verb, session)
    }
    let create = Command(
        "create", "[OPTIONS] CONTAINER CHECKPOINT", "Create a checkpoint from a running container", .exactly(2)
    ) { flags in
        let folder = flags.string("checkpoint-dir", usage: "Use a custom checkpoint storage directory")
        let leave = flags.bool("leave-running", usage: "Leave the container running after checkpoint")
        return performing { names in
            let body = JSON.members([
                ("CheckpointID", .string(names[1])), ("CheckpointDir", .string(folder.value)),
                ("Exit", .bool(!leave.value)),
            ])
            _ = try experimental("create").request("POST", path(names[0]), json: body).all()
            Console.out(names[1] + "\n")
            return 0
        }
    }
    let list = Command("ls", "[OPTIONS] CONTAINER", "List checkpoints for a container", .exactly(1)) { flags in
        let folder = flags.string("checkpoint-dir", usage: "Use a custom checkpoint storage directory")
        return performing { names in
            let query = folder.value.isEmpty ? [] : [("dir", folder.value)]
            let found = try experimental("ls").get(path(names[0]), query).array ?? []
            let table = Table(columns: "{{.Name}}", headers: ["Name": "CHECKPOINT NAME"])
            let rows = found.map { Row("*checkpoint.checkpointContext", [("Name", .string($0["Name"]?.string ?? ""))]) }
            Console.out(try table.print(rows, format: ""))
            return 0
        }
    }
    list.aliases = ["list"]
    let remove = Command("rm", "[OPTIONS] CONTAINER CHECKPOINT", "Remove a checkpoint", .exactly(2)) { flags in
        let folder = flags.string("checkpoint-dir", usage: "Use a custom checkpoint storage directory")
        return performing { names in
            let query = folder.value.isEmpty ? [] : [("dir", folder.value)]
            _ = try experimental("rm").request("DELETE", path(names[0]) + "/" + pathEscaped(names[1]), query).all()
            return 0
        }
    }
    remove.aliases = ["remove"]
    return [
        create, both(list, "docker checkpoint ls", "docker checkpoint list"),
        both(remove, "docker checkpoint rm", "docker checkpoint remove"),
    ]
}

/// The daemon, if it has its experimental features enabled: only then it knows checkpoints.
func requireExperimental(_ what: String, _ session: Session) throws -> EngineClient {
    let client = try session.client()
    _ = try client.version()
    if let answer = client.ping, answer.header("Docker-Experimental") != "true" {
        throw CommandFailure(what + " is only supported on a Docker daemon with experimental features enabled")
    }
    return client
}
