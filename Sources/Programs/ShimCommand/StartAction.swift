internal import CLinux
internal import ContainerdAPI
internal import JSON
internal import Linux
internal import Protobuf

/// `start`: makes the socket, leaves a server behind on it and prints its address. The current directory is the bundle.
struct StartAction {
    let flags: ShimFlags

    init(_ flags: ShimFlags) { self.flags = flags }

    /// Annotations that put several containers under one shim, the strongest first.
    static let groupAnnotations = ["io.containerd.runc.v2.group", "io.kubernetes.cri.sandbox-id"]

    func run() throws(ShimFailure) {
        let socket = ShimSocket(containerd: flags.address, namespace: flags.namespace, group: try group())
        if let listener = try listener(on: socket) {
            try writeAddress(socket.address)
            do throws(ShimFailure) {
                let pid = try startServer(listener)
                try joinCgroup(pid)
                try adjustOutOfMemoryScore(pid)
            } catch {
                socket.remove()
                throw error
            }
        } else {
            try writeAddress(socket.address)
        }
        Console.out(socket.address)
    }

    private func group() throws(ShimFailure) -> String {
        let bytes: [UInt8]
        do throws(SystemCallError) {
            bytes = try Files.read("config.json")
        } catch {
            throw ShimFailure(error.description)
        }
        do throws(JSON.Failure) {
            let annotations = try JSON(parsing: bytes)["annotations"]
            for name in StartAction.groupAnnotations {
                if let group = annotations?[name]?.string { return group }
            }
            return flags.id
        } catch {
            throw ShimFailure(error.message)
        }
    }

    /// The listening socket; nil when a shim of the group serves already.
    private func listener(on socket: ShimSocket) throws(ShimFailure) -> Descriptor? {
        do throws(SystemCallError) {
            return try socket.listen()
        } catch {
            guard error.number == EADDRINUSE else { throw ShimFailure("create new shim socket", error) }
        }
        if socket.answers() { return nil }
        socket.remove()
        do throws(SystemCallError) {
            return try socket.listen()
        } catch {
            throw ShimFailure("try create new shim socket 2x", error)
        }
    }

    private func writeAddress(_ address: String) throws(ShimFailure) {
        do throws(SystemCallError) {
            let temporary = ".address"
            try Files.write(Array(address.utf8), to: temporary)
            try checked("rename", "address") { rename(temporary, "address") }
        } catch {
            throw ShimFailure(error.description)
        }
    }

    private func startServer(_ listener: borrowing Descriptor) throws(ShimFailure) -> Int32 {
        do throws(SystemCallError) {
            let program = try Files.link("/proc/self/exe")
            var arguments = [program, "-namespace", flags.namespace, "-id", flags.id, "-address", flags.address]
            if flags.debug { arguments.append("-debug") }
            var server = Spawn(program, arguments)
            server.descriptors = [-1, -1, -1, listener.number]
            server.newProcessGroup = true
            return try server.start()
        } catch {
            throw ShimFailure(error.description)
        }
    }

    /// Puts the server into the cgroup that the runtime options name. The options come on standard input.
    private func joinCgroup(_ pid: Int32) throws(ShimFailure) {
        // Nothing readable there means that there are no options.
        let bytes = (try? Descriptor(owning: dup(0)).readAll()) ?? []
        guard !bytes.isEmpty else { return }
        let options: RuncOptions.Options?
        do throws(ProtobufError) {
            options = try ProtobufAny(protobuf: bytes).unpack(RuncOptions.Options.self)
        } catch {
            throw ShimFailure(error.description)
        }
        guard let options, !options.shimCgroup.isEmpty else { return }
        do throws(SystemCallError) {
            try CgroupPaths.join(options.shimCgroup, pid: pid)
        } catch {
            throw ShimFailure("failed to join cgroup " + options.shimCgroup, error)
        }
    }

    /// The kernel should end a container before its shim, and a shim before containerd.
    private func adjustOutOfMemoryScore(_ pid: Int32) throws(ShimFailure) {
        do throws(SystemCallError) {
            let text = try Files.readText("/proc/" + String(getppid()) + "/oom_score_adj")
            let parent = Int(text.split(separator: "\n").first ?? "0") ?? 0
            try Files.put(String(min(parent + 1, 1000)), into: "/proc/" + String(pid) + "/oom_score_adj")
        } catch {
            throw ShimFailure("failed to adjust OOM score for shim", error)
        }
    }
}
