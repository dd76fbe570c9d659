internal import CLinux
internal import ContainerdAPI
internal import Linux
internal import Protobuf

/// `delete`: clears away a container whose shim is gone, and prints how it is to be remembered.
struct DeleteAction {
    let flags: ShimFlags

    init(_ flags: ShimFlags) { self.flags = flags }

    func run() throws(ShimFailure) {
        let bundle = try bundlePath()
        let options = BundleFiles.options(bundle)
        let runtime = Runtime(bundle: bundle, namespace: flags.namespace, options: options)
        do throws(SystemCallError) {
            let status = try runtime.command(["delete", "--force", flags.id], descriptors: [-1, -1, 2]).run()
            if status != .exited(0) { Console.error("failed to remove runc container\n") }
        } catch {
            Console.error("failed to remove runc container: " + error.description + "\n")
        }
        do throws(SystemCallError) {
            try RootfsMounts.unmountAll(bundle + "/rootfs")
        } catch {
            Console.error("failed to cleanup rootfs mount: " + error.description + "\n")
        }
        removeSocket(bundle)
        var response = TaskAPI.DeleteResponse()
        // A container that was never created has no pid.
        response.pid = UInt32(clamping: (try? BundleFiles.pid(bundle + "/init.pid")) ?? 0)
        response.exitStatus = 128 + UInt32(SIGKILL)
        response.exitedAt = .now
        do throws(SystemCallError) {
            try writeEverything(response.protobuf(), to: 1)
        } catch {
            throw ShimFailure(error.description)
        }
    }

    private func bundlePath() throws(ShimFailure) -> String {
        if !flags.bundle.isEmpty { return flags.bundle }
        do throws(SystemCallError) {
            return Files.parent(of: try Files.currentDirectory()) + "/" + flags.id
        } catch {
            throw ShimFailure(error.description)
        }
    }

    /// A shim that was killed leaves its socket; one that serves others of its group keeps it.
    private func removeSocket(_ bundle: String) {
        // No address: the shim never came as far as making a socket.
        guard let address = try? Files.readText(bundle + "/address") else { return }
        let socket = ShimSocket(address: address)
        if !socket.answers() { socket.remove() }
    }
}

extension ProtobufTimestamp {
    /// The wall clock's time.
    static var now: ProtobufTimestamp {
        let time = WallClock.now
        return ProtobufTimestamp(seconds: Int64(time.tv_sec), nanos: Int32(time.tv_nsec))
    }
}
