internal import CLinux
internal import ContainerdAPI
internal import ContainerdClient
internal import Flags
internal import GRPC
internal import GoText
internal import Linux
internal import OCIImage
internal import Workers

func mountImage() -> Command {
    Command("mount", usage: "mount an image to a target path", arguments: "[flags] <ref> <target>") { flags in
        registryFlags(flags)
        let snapshotter = flags.snapshotter()
        flags.list("label", usage: "labels to attach to the image", type: "value")
        let writable = flags.bool("rw", usage: "Enable write support on the mount")
        let platform = flags.string(
            "platform", usage: "Mount the image for the specified platform", default: OCIPlatform.host.text)
        return { (session, arguments) in
            guard let name = arguments.first, !name.isEmpty else {
                throw CtrError.message("please provide an image reference to mount")
            }
            guard arguments.count > 1, !arguments[1].isEmpty else {
                throw CtrError.message("please provide a target path to mount to")
            }
            let target = arguments[1]
            let client = try await session.client()
            let expire = Timestamp.now.adding(seconds: 86_400).wholeSeconds
            let kind = snapshotterName(snapshotter)
            let labels = [
                "containerd.io/gc.expire": expire, "containerd.io/gc.ref.snapshot." + kind: target,
            ]
            do throws(GRPCStatus) {
                try await client.leases.create(target, labels: labels)
            } catch {
                if error.code != .alreadyExists { throw error }
            }
            do {
                let leased = client.with(lease: target)
                let image = try await client.images.get(name)
                let wanted = try await explaining("unable to parse platform " + platform.value) {
                    try parsePlatform(platform.value)
                }
                let content = try await ImageContent.find(
                    image.target?.oci ?? OCIDescriptor(mediaType: "", digest: "", size: 0), client, platform: wanted)
                let top = try await unpack(content, leased, snapshotter: kind)
                session.print(top)
                let snapshots = leased.snapshots(kind)
                try await mountAll(
                    try await snapshots.made(target, parent: top, writable: writable.value), at: target)
                session.print(target)
            } catch {
                // The lease would expire by itself; the failure is what must be told.
                try? await client.leases.delete(target)
                throw error
            }
        }
    }.described(
        """
        Mount an image rootfs to a specified path.

        When you are done, use the unmount command.

        """)
}

func unmountImage() -> Command {
    Command("unmount", usage: "unmount the image from the target", arguments: "[flags] <target>") { flags in
        registryFlags(flags)
        let snapshotter = flags.snapshotter()
        flags.list("label", usage: "labels to attach to the image", type: "value")
        let removes = flags.bool("rm", usage: "remove the snapshot after a successful unmount")
        return { (session, arguments) in
            guard let target = arguments.first, !target.isEmpty else {
                throw CtrError.message("please provide a target path to unmount from")
            }
            try await unmountAll(at: target)
            if removes.value {
                let client = try await session.client()
                // The mount may have been made without a lease, or the lease has expired.
                do throws(GRPCStatus) { try await client.leases.delete(target) } catch {
                    if !error.isNotFound { throw error }
                }
                do throws(GRPCStatus) { try await client.snapshots(snapshotterName(snapshotter)).remove(target) } catch
                {
                    if !error.isNotFound { throw error }
                }
            }
            session.print(target)
        }
    }.described("Unmount the image rootfs from the specified path.")
}

extension ContainerdClient.Snapshots {
    /// How to mount a snapshot of this key, which is made unless it is there.
    fileprivate func made(
        _ key: String, parent: String, writable: Bool
    ) async throws(GRPCStatus) -> [ContainerdTypes.Mount] {
        do throws(GRPCStatus) {
            return writable ? try await prepare(key, parent: parent) : try await view(key, parent: parent)
        } catch {
            guard error.code == .alreadyExists else { throw error }
            return try await mounts(key)
        }
    }
}

/// Mounts what a snapshotter answered, one upon another.
func mountAll(_ mounts: [ContainerdTypes.Mount], at target: String) async throws {
    try await Workers.shared.run { () throws(SystemCallError) in
        for one in mounts { try mountOne(one, at: target) }
    }
}

/// Takes off every mount at `target`; none is fine.
func unmountAll(at target: String) async throws {
    try await Workers.shared.run { () throws(SystemCallError) in
        while true {
            do throws(SystemCallError) {
                try checked("unmount", target) { umount2(target, Int32(CL_UMOUNT_NOFOLLOW)) }
            } catch {
                // Nothing is mounted there, or nothing is there at all.
                if error.number == EINVAL || error.number == ENOENT { return }
                throw error
            }
        }
    }
}

/// Runs `body` with a directory where the mounts are, read-only where that can be said.
func withMounted<Answer: Sendable>(
    _ mounts: [ContainerdTypes.Mount], _ body: @escaping @Sendable (String) throws(SystemCallError) -> Answer
) async throws -> Answer {
    try await Workers.shared.run { () throws(SystemCallError) in
        let folder = "/tmp/containerd-mount" + randomHex(bytes: 5)
        try checked("mkdir", folder) { mkdir(folder, 0o700) }
        defer { rmdir(folder) }
        for one in mounts { try mountOne(one.readOnly, at: folder) }
        defer { _ = umount2(folder, Int32(CL_MNT_DETACH)) }
        return try body(folder)
    }
}

extension ContainerdTypes.Mount {
    /// The same, not to be written to: an overlay without its upper directory, anything else with "ro".
    fileprivate var readOnly: ContainerdTypes.Mount {
        var changed = self
        if type == "overlay" {
            guard let upper = options.first(where: { $0.hasPrefix("upperdir=") }) else { return self }
            changed.options = options.filter { !$0.hasPrefix("upperdir=") && !$0.hasPrefix("workdir=") }.map { option in
                guard option.hasPrefix("lowerdir=") else { return option }
                return "lowerdir=" + upper.dropFirst(9) + ":" + option.dropFirst(9)
            }
            return changed
        }
        changed.options = options.filter { $0 != "rw" } + ["ro"]
        return changed
    }
}

private func mountOne(_ mount: ContainerdTypes.Mount, at target: String) throws(SystemCallError) {
    var flags: UInt = 0
    var data: [String] = []
    for option in mount.options {
        if let flag = mountFlags[option] {
            flags |= flag
        } else if option != "rw" {
            data.append(option)
        }
    }
    let text = data.joined(separator: ",")
    let bind = UInt(MS_BIND)
    // A bind mount takes no other flags when it is made; they are set by mounting it once more.
    let first = flags & bind != 0 ? flags & (bind | UInt(MS_REC)) : flags
    try checked("mount", target) { CLinux.mount(mount.source, target, mount.type, first, text) }
    if flags & bind != 0 && flags & UInt(MS_RDONLY) != 0 {
        try checked("mount", target) { CLinux.mount("", target, "", flags | UInt(MS_REMOUNT), text) }
    }
}

private let mountFlags: [String: UInt] = [
    "ro": UInt(MS_RDONLY), "bind": UInt(MS_BIND), "rbind": UInt(MS_BIND) | UInt(MS_REC), "nosuid": UInt(MS_NOSUID),
    "nodev": UInt(MS_NODEV), "noexec": UInt(MS_NOEXEC), "noatime": UInt(MS_NOATIME), "sync": UInt(MS_SYNCHRONOUS),
    "relatime": UInt(MS_RELATIME), "strictatime": UInt(MS_STRICTATIME),
]
