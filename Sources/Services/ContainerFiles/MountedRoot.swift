internal import CLinux
internal import EngineAPI
internal import Linux
internal import Mounts
internal import Workers

/// A container's root file system as a directory that is held open: what a start of the container would find, without
/// what the kernel makes up (/proc, /sys, /dev). It is put together in a mount namespace that ends at once; the mounts
/// are seen by nobody else and end with the descriptors.
struct MountedRoot: ~Copyable {
    /// Keeps the mounts below the root.
    private let tree: Descriptor
    let directory: Descriptor
    var number: Int32 { directory.number }

    /// The root with these volumes in their places. Of a running container it is the very mount that its processes
    /// have, of another the layers. What is missing to mount on is made in the container only if `writing`.
    init(
        _ container: ContainerRoot, volumes: [ContainerRoot.Volume], writing: Bool, temporary: String
    ) throws(EngineError) {
        let layers = try Layers(container.mounts)
        let plan = RootPlan(
            layers: layers, volumes: volumes, pid: container.pid, writing: writing, temporary: temporary)
        try self.init(plan)
    }

    /// The root as the image gives it, which has layers.
    init(imageOf layers: Layers, temporary: String) throws(EngineError) {
        var layers = layers
        layers.upper = ""
        try self.init(RootPlan(layers: layers, volumes: [], pid: nil, writing: false, temporary: temporary))
    }

    private init(_ plan: RootPlan) throws(EngineError) {
        let tree = Descriptor(
            owning: try calling { () throws(SystemCallError) in
                try Workers.onOwnThread { () throws(SystemCallError) in try plan.build() }
            })
        let number = tree.number
        let opened = try calling { () throws(SystemCallError) in
            try checked("open") { cl_openat(number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0) }
        }
        self.tree = tree
        directory = Descriptor(owning: opened)
    }

    /// The layers of a snapshot, the uppermost first; the upper directory of an overlay apart.
    struct Layers {
        var upper = ""
        var work = ""
        var lower: [String] = []

        init(_ mounts: [ContainerRoot.Mount]) throws(EngineError) {
            guard let mount = mounts.first else { throw EngineError.failed("container has no root file system") }
            guard mount.type == "overlay" else {
                upper = mount.source
                return
            }
            for option in mount.options {
                let parts = option.split(separator: "=", maxSplits: 1)
                guard parts.count == 2 else { continue }
                switch parts[0] {
                case "upperdir": upper = String(parts[1])
                case "workdir": work = String(parts[1])
                case "lowerdir": lower = parts[1].split(separator: ":").map { String($0) }
                default: break
                }
            }
        }
    }
}

/// What a root is put together from.
private struct RootPlan {
    let layers: MountedRoot.Layers
    let volumes: [ContainerRoot.Volume]
    let pid: Int32?
    let writing: Bool
    /// Hidden, in the namespace made for it, by a file system for what is needed on the way.
    let temporary: String

    private static let place = "root"

    /// Mounts everything and gives the mounts as one descriptor that owns them. On a thread of its own, which is not
    /// in the daemon's mount namespace any more when this returns.
    func build() throws(SystemCallError) -> Int32 {
        try Files.makeDirectories(temporary, mode: 0o700)
        try checked("unshare", "mount namespace") { cl_unshare(Int32(CL_CLONE_NEWNS)) }
        try checked("mount", "/") { mount("", "/", "", UInt(MS_REC | MS_PRIVATE), nil) }
        try checked("mount", temporary) { mount("tmpfs", temporary, "tmpfs", 0, "mode=700") }
        let live = try liveRoot()
        let isLive = live != nil
        // mount(2) takes one page of options: layers have short names, and nothing stands before them.
        try checked("chdir", temporary) { chdir(temporary) }
        try Files.makeDirectories(Self.place)
        if let live {
            try live.attach(to: try Descriptor.open(Self.place, Int32(CL_O_PATH)))
        } else if layers.lower.isEmpty {
            try DetachedMount(layers.upper, recursive: false)
                .attach(to: try Descriptor.open(Self.place, Int32(CL_O_PATH)))
        } else {
            try mountLayers()
        }
        // A container's root may pass its mounts on.
        try checked("mount", "root") { mount("", Self.place, "", UInt(MS_REC | MS_PRIVATE), nil) }
        try mountVolumes(isLive: isLive)
        return try DetachedMount(Self.place, recursive: true).release()
    }

    /// The root mount of a container that runs, nothing mounted on it; nil when there is none, or no more.
    private func liveRoot() throws(SystemCallError) -> DetachedMount? {
        guard let pid, Files.exists("/proc/\(pid)/ns/mnt") else { return nil }
        let theirs = try Descriptor.open("/proc/\(pid)/ns/mnt", O_RDONLY)
        let ours = try Descriptor.open("/proc/thread-self/ns/mnt", O_RDONLY)
        let here = try Descriptor.open("/", Int32(CL_O_PATH) | O_DIRECTORY)
        try checked("setns", "/proc/\(pid)/ns/mnt") { cl_setns(theirs.number, Int32(CL_CLONE_NEWNS)) }
        let root = try DetachedMount("/", recursive: false)
        try checked("setns", "mount namespace") { cl_setns(ours.number, Int32(CL_CLONE_NEWNS)) }
        try checked("fchdir", "/") { fchdir(here.number) }
        try checked("chroot", "/") { chroot(".") }
        return root
    }

    /// An upper directory has one user at a time: to read, it is the topmost of the lower ones.
    private func mountLayers() throws(SystemCallError) {
        var (lower, upper, work) = (layers.lower, layers.upper, layers.work)
        if !writing {
            if !upper.isEmpty { lower.insert(upper, at: 0) }
            (upper, work) = ("upper", "work")
            for name in [upper, work] { try Files.makeDirectories(name) }
        }
        for (index, directory) in lower.enumerated() {
            try checked("symlink", directory) { symlink(directory, String(index)) }
        }
        let names = lower.indices.map { String($0) }.joined(separator: ":")
        let options = "lowerdir=\(names),upperdir=\(upper),workdir=\(work)"
        try checked("mount", "overlay") { mount("overlay", Self.place, "overlay", 0, options) }
        if !writing { try takeAfter(lower[0]) }
    }

    /// Volumes from the outside in. One whose source has gone is left out; a container that runs has places for all.
    private func mountVolumes(isLive: Bool) throws(SystemCallError) {
        let before = Files.status(Self.place)
        let root = try Root(Self.place)
        let ordered = volumes.map { (path: Files.cleaned("/" + $0.destination), volume: $0) }
            .sorted { $0.path.utf8.count < $1.path.utf8.count }
        for (path, volume) in ordered where path != "/" && Files.exists(volume.source) {
            if isLive && root.linkStatus(path) == nil { continue }
            let copy = try DetachedMount(volume.source, recursive: true)
            if volume.isReadOnly { try copy.makeReadOnly() }
            let place = copy.isDirectory ? try root.makeDirectory(path) : try root.makeFile(path)
            try copy.attach(to: place)
        }
        if let before, !writing && !isLive && !volumes.isEmpty { try setTimes(before) }
    }

    /// Gives the root the owner, mode and times that a directory has.
    private func takeAfter(_ model: String) throws(SystemCallError) {
        guard let status = Files.status(model) else { return }
        try checked("chown", model) { chown(Self.place, status.st_uid, status.st_gid) }
        try checked("chmod", model) { chmod(Self.place, status.st_mode & 0o7777) }
        try setTimes(status)
    }

    private func setTimes(_ status: stat) throws(SystemCallError) {
        let times = [status.st_atim, status.st_mtim]
        try checked("utimensat", Self.place) { utimensat(AT_FDCWD, Self.place, times, 0) }
    }
}
