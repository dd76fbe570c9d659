internal import ContainerdAPI
internal import ContainerdClient
internal import Flags
internal import GRPC
internal import GoText
internal import JSON
internal import Protobuf

func eventsCommand() -> Command {
    Command("events", "event", usage: "display containerd events") { _ in
        { (session, arguments) in
            let events = try await session.client().events.subscribe(filters: arguments)
            while let event = try await next(of: events) {
                var text = ""
                if let carried = event.event {
                    do {
                        text = try eventJSON(carried).text()
                    } catch {
                        log("warning", "cannot unmarshal an event from Any", [("error", words(error))])
                        continue
                    }
                }
                session.print(
                    Timestamp(event.timestamp).goString + " " + event.namespace + " " + event.topic + " " + text)
            }
        }
    }
}

/// The next event. Failures of this stream are told as gRPC has them.
private func next(
    of events: GRPCResponses<EventsService.Envelope>
) async throws -> EventsService.Envelope? {
    do throws(GRPCStatus) {
        return try await events.next()
    } catch {
        throw CtrError.message("rpc error: code = " + error.code.name + " desc = " + error.message)
    }
}

/// Members of an object; empty values are left out, as Go's `omitempty` leaves them out.
struct Fields {
    private var object = JSON.Object()
    var json: JSON { .object(object) }
    mutating func add(_ name: String, _ text: String) { if !text.isEmpty { object[name] = .string(text) } }
    mutating func add(_ name: String, _ number: UInt64) { if number != 0 { object[name] = .int(number) } }
    mutating func add(_ name: String, _ number: UInt32) { add(name, UInt64(number)) }
    mutating func add(_ name: String, _ flag: Bool) { if flag { object[name] = .bool(true) } }
    mutating func add(_ name: String, _ texts: [String]) { if !texts.isEmpty { object[name] = .strings(texts) } }
    mutating func add(_ name: String, _ map: [String: String]) { if !map.isEmpty { object[name] = mapJSON(map) } }
    mutating func add(_ name: String, _ items: [JSON]) { if !items.isEmpty { object[name] = .array(items) } }
    mutating func add(_ name: String, _ value: JSON?) { if let value { object[name] = value } }
    /// A time is never left out.
    mutating func add(_ name: String, _ time: ProtobufTimestamp?) {
        object[name] = .string(Timestamp(time).description)
    }
}

/// What an event carries, as Go's encoder shows it.
private func eventJSON(_ carried: ProtobufAny) throws -> JSON {
    var fields = Fields()
    switch carried.typeName.split(separator: ".").last ?? "" {
    case "TaskCreate", "TaskStart", "TaskExit", "TaskDelete", "TaskOOM", "TaskExecAdded", "TaskExecStarted",
        "TaskPaused", "TaskResumed", "TaskCheckpointed":
        try addTask(carried, &fields)
    case "ContainerCreate":
        let event = try ContainerdEvents.ContainerCreate(protobuf: carried.value)
        fields.add("id", event.id)
        fields.add("image", event.image)
        if let runtime = event.runtime {
            var inner = Fields()
            inner.add("name", runtime.name)
            inner.add("options", runtime.options.map { anyJSON($0) })
            fields.add("runtime", inner.json)
        }
    case "ContainerUpdate":
        let event = try ContainerdEvents.ContainerUpdate(protobuf: carried.value)
        fields.add("id", event.id)
        fields.add("image", event.image)
        fields.add("labels", event.labels)
        fields.add("snapshot_key", event.snapshotKey)
    case "ContainerDelete":
        fields.add("id", try ContainerdEvents.ContainerDelete(protobuf: carried.value).id)
    case "ContentDelete":
        fields.add("digest", try ContainerdEvents.ContentDelete(protobuf: carried.value).digest)
    case "NamespaceCreate", "NamespaceUpdate", "ImageCreate", "ImageUpdate":
        // All of the same two fields.
        let event = try ContainerdEvents.NamespaceCreate(protobuf: carried.value)
        fields.add("name", event.name)
        fields.add("labels", event.labels)
    case "NamespaceDelete", "ImageDelete":
        fields.add("name", try ContainerdEvents.NamespaceDelete(protobuf: carried.value).name)
    case "SnapshotPrepare":
        let event = try ContainerdEvents.SnapshotPrepare(protobuf: carried.value)
        fields.add("key", event.key)
        fields.add("parent", event.parent)
    case "SnapshotCommit":
        let event = try ContainerdEvents.SnapshotCommit(protobuf: carried.value)
        fields.add("key", event.key)
        fields.add("name", event.name)
    case "SnapshotRemove":
        fields.add("key", try ContainerdEvents.SnapshotRemove(protobuf: carried.value).key)
    default:
        throw CtrError.message("type with url " + carried.typeURL + ": not found")
    }
    return fields.json
}

private func addTask(_ carried: ProtobufAny, _ fields: inout Fields) throws {
    switch carried.typeName.split(separator: ".").last ?? "" {
    case "TaskCreate":
        let event = try ContainerdEvents.TaskCreate(protobuf: carried.value)
        fields.add("container_id", event.containerId)
        fields.add("bundle", event.bundle)
        fields.add(
            "rootfs",
            event.rootfs.map { mount in
                var inner = Fields()
                inner.add("type", mount.type)
                inner.add("source", mount.source)
                inner.add("target", mount.target)
                inner.add("options", mount.options)
                return inner.json
            })
        if let io = event.io {
            var inner = Fields()
            inner.add("stdin", io.stdin)
            inner.add("stdout", io.stdout)
            inner.add("stderr", io.stderr)
            inner.add("terminal", io.terminal)
            fields.add("io", inner.json)
        }
        fields.add("checkpoint", event.checkpoint)
        fields.add("pid", event.pid)
    case "TaskStart":
        let event = try ContainerdEvents.TaskStart(protobuf: carried.value)
        fields.add("container_id", event.containerId)
        fields.add("pid", event.pid)
    case "TaskExit":
        let event = try ContainerdEvents.TaskExit(protobuf: carried.value)
        fields.add("container_id", event.containerId)
        fields.add("id", event.id)
        fields.add("pid", event.pid)
        fields.add("exit_status", event.exitStatus)
        fields.add("exited_at", event.exitedAt)
    case "TaskDelete":
        let event = try ContainerdEvents.TaskDelete(protobuf: carried.value)
        fields.add("container_id", event.containerId)
        fields.add("pid", event.pid)
        fields.add("exit_status", event.exitStatus)
        fields.add("exited_at", event.exitedAt)
        fields.add("id", event.id)
    default:
        // The rest have the container, and some of them one more text and a pid.
        let event = try ContainerdEvents.TaskExecStarted(protobuf: carried.value)
        fields.add("container_id", event.containerId)
        fields.add(carried.typeName.hasSuffix("TaskCheckpointed") ? "checkpoint" : "exec_id", event.execId)
        fields.add("pid", event.pid)
    }
}
