internal import CLinux
internal import ContainerdAPI
internal import ContainerdClient
internal import Flags
internal import GRPC
internal import JSON
internal import Linux
internal import OCIImage
internal import OCIRuntime
internal import Protobuf

/// The name under which a runtime specification travels.
let specTypeURL = "types.containerd.io/opencontainers/runtime-spec/1/Spec"
let processTypeURL = "types.containerd.io/opencontainers/runtime-spec/1/Process"

/// What the arguments of `run` and `containers create` name.
struct ContainerArguments {
    var image = ""
    var id = ""
    var command: [String] = []
}

/// Makes a container from flags and arguments: its snapshot, its configuration, its record.
struct NewContainer {
    let session: Session
    let flags: ContainerFlags
    let run: RunFlags?
    let arguments: ContainerArguments

    func create() async throws -> ContainersService.Container {
        try check()
        return try await session.withLease { client in
            var container = ContainersService.Container(id: arguments.id)
            container.labels = labels(flags.labels.value)
            var spec: Spec
            if flags.config.isSet {
                spec = try Spec(parsing: try Files.read(flags.config.value))
            } else {
                spec = Spec.usual(cgroup: "/" + session.namespace.value + "/" + arguments.id)
                spec.allowUsualDevices()
                let choices = SpecChoices(flags: flags, run: run)
                try choices.applyBefore(&spec)
                if flags.rootfs.value {
                    spec.root = Spec.Root(path: try Files.absolute(arguments.image))
                } else {
                    try await addImage(&container, &spec, client)
                }
                try choices.applyAfter(&spec, arguments: arguments.command)
            }
            for (name, value) in labels(flags.labels.value) { spec.annotations[name] = value }
            container.runtime = .init(name: flags.runtime.value, options: try runtimeOptions())
            container.spec = ProtobufAny(typeURL: specTypeURL, value: spec.json.encoded())
            return try await client.containers.create(container)
        }
    }

    /// What is not there is refused before anything is made.
    private func check() throws {
        if let run {
            if run.cni.value { throw CtrError.message("--cni is not supported") }
            if !run.uidMap.value.isEmpty || !run.gidMap.value.isEmpty || run.remapLabels.value {
                throw CtrError.message("--uidmap, --gidmap and --remap-labels are not supported yet")
            }
            let runc = !run.runcBinary.value.isEmpty || run.systemdCgroup.value
            if runc && flags.runtime.value != "io.containerd.runc.v2" {
                throw CtrError.message(
                    "specifying runc-binary and runc-systemd-cgroup is only supported for "
                        + "\"io.containerd.runc.v2\" runtime"
                )
            }
            if run.systemdCgroup.value && run.cgroup.value.isEmpty {
                throw CtrError.message(
                    "option --runc-systemd-cgroup requires --cgroup to be set, e.g. \"machine.slice:foo:deadbeef\"")
            }
        }
        if !flags.runtimeConfig.value.isEmpty { throw CtrError.message("--runtime-config-path is not supported") }
    }

    private func runtimeOptions() throws -> ProtobufAny? {
        guard flags.runtime.value == "io.containerd.runc.v2" else { return nil }
        var options = RuncOptions.Options()
        if let run {
            options.binaryName = run.runcBinary.value
            options.root = run.runcRoot.value
            options.systemdCgroup = run.systemdCgroup.value
        }
        return ProtobufAny(packing: options)
    }

    private func addImage(
        _ container: inout ContainersService.Container, _ spec: inout Spec, _ client: ContainerdClient
    ) async throws {
        let snapshotter = snapshotterName(flags.snapshotter)
        let image = try await client.images.get(arguments.image)
        let platform = try run.flatMap { $0.platform.value.isEmpty ? nil : try parsePlatform($0.platform.value) }
        let content = try await ImageContent.find(
            image.target?.oci ?? OCIDescriptor(mediaType: "", digest: "", size: 0), client, platform: platform ?? .host)
        let configuration = try await content.configuration(client)
        let config = configuration.config
        let top: String
        if let known = try chainIDs(configuration.diffIDs).last, try await exists(known, client.snapshots(snapshotter))
        {
            top = known
        } else {
            top = try await unpack(content, client, snapshotter: snapshotter)
        }
        for (name, value) in try config.stringMap("Labels") where container.labels[name] == nil {
            container.labels[name] = value
        }
        for (name, value) in image.labels where container.labels[name] == nil { container.labels[name] = value }
        container.labels["io.containerd.image.config.stop-signal"] = try config.string("StopSignal", default: "SIGTERM")
        container.image = image.name
        container.snapshotter = snapshotter
        container.snapshotKey = arguments.id
        let mounts = try await client.snapshots(snapshotter).prepare(
            arguments.id, parent: top, labels: labels(flags.snapshotterLabels.value))
        try apply(config, to: &spec)
        let user = try config.string("User")
        let database = try await withMounted(mounts) { (root) throws(SystemCallError) in try UserDatabase(root: root) }
        guard var process = spec.process else { return }
        try database.apply(user, to: &process)
        spec.process = process
    }

    private func apply(_ config: JSON.Object, to spec: inout Spec) throws {
        let own = try config.strings("Env")
        let entry = try config.strings("Entrypoint")
        let command = try config.strings("Cmd")
        let folder = try config.string("WorkingDir")
        spec.changeProcess { process in
            let defaults = own.isEmpty ? ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"] : own
            process.env = merged(defaults, with: process.env)
            process.args = entry + command
            process.cwd = folder.isEmpty ? "/" : folder
        }
    }
}

/// Takes the container and its snapshot away; refused while it runs.
func deleteContainer(_ id: String, _ client: ContainerdClient, keepSnapshot: Bool = false) async throws {
    let container = try await container(id, client)
    try await client.containers.delete(id)
    if keepSnapshot || container.snapshotKey.isEmpty { return }
    do throws(GRPCStatus) {
        try await client.snapshots(container.snapshotter).remove(container.snapshotKey)
    } catch {
        if !error.isNotFound { throw error }
    }
}

/// The record of a container.
func container(_ id: String, _ client: ContainerdClient) async throws -> ContainersService.Container {
    try await client.containers.get(id)
}
