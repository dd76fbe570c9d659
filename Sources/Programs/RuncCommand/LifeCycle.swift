internal import CLinux
internal import ContainerRuntime
internal import Flags
internal import JSON
internal import Linux
internal import OCIRuntime

var startCommand: UrfaveCommand<Verb> {
    UrfaveCommand<Verb>("start", usage: "run the program of a created container", arguments: "<container-id>") {
        _ in
        Verb(.exactly(1)) { (use) throws(RuntimeFailure) in
            try use.store.start(try use.container())
            return 0
        }
    }
}

var killCommand: UrfaveCommand<Verb> {
    UrfaveCommand<Verb>(
        "kill", usage: "send a signal (default: SIGTERM) to a container's first process",
        arguments: "<container-id> [signal]"
    ) { flags in
        let all = flags.bool("all", "a", usage: "send it to every process of the container")
        return Verb(.between(1, 2)) { (use) throws(RuntimeFailure) in
            let container = try use.container()
            let name = use.arguments.count > 1 ? use.arguments[1] : ""
            try container.signal(name.isEmpty ? SIGTERM : try signalNumber(name), all: all.value)
            return 0
        }
    }
}

var deleteCommand: UrfaveCommand<Verb> {
    UrfaveCommand<Verb>(
        "delete", usage: "remove what is left of a container that has ended", arguments: "<container-id>"
    ) { flags in
        let force = flags.bool("force", "f", usage: "end the container first when it still runs (uses SIGKILL)")
        return Verb(.exactly(1)) { (use) throws(RuntimeFailure) in
            try use.store.delete(use.id, force: force.value) { use.log.error($0) }
            return 0
        }
    }
}

var pauseCommand: UrfaveCommand<Verb> {
    UrfaveCommand<Verb>("pause", usage: "hold every process of a container", arguments: "<container-id>") {
        _ in
        Verb(.exactly(1)) { (use) throws(RuntimeFailure) in
            try use.container().pause()
            return 0
        }
    }
}

var resumeCommand: UrfaveCommand<Verb> {
    UrfaveCommand<Verb>("resume", usage: "let the processes of a paused container go on", arguments: "<container-id>") {
        _ in
        Verb(.exactly(1)) { (use) throws(RuntimeFailure) in
            try use.container().resume()
            return 0
        }
    }
}

var specCommand: UrfaveCommand<Verb> {
    UrfaveCommand<Verb>("spec", usage: "write a configuration to start from") { flags in
        let bundle = flags.string("bundle", "b", usage: "the bundle's directory")
        let rootless = flags.bool("rootless", usage: "a configuration for a user without root")
        return Verb(.exactly(0)) { (use) throws(RuntimeFailure) in
            _ = try enterBundle(bundle.value)
            if Files.linkStatus("config.json") != nil {
                throw RuntimeFailure("File config.json exists. Remove it first")
            }
            var spec = Spec.starter
            // Only v2 lets a container see its own cgroup as the root without more.
            if Files.exists("/sys/fs/cgroup/cgroup.controllers") {
                spec.linux?.namespaces.append(Spec.Namespace("cgroup"))
            }
            if rootless.value { spec.makeRootless(uid: geteuid(), gid: getegid()) }
            do throws(SystemCallError) {
                try Files.write(Array(spec.json.indented("\t").utf8), to: "config.json", mode: 0o666)
            } catch {
                throw RuntimeFailure(error)
            }
            return 0
        }
    }
}

var checkpointCommand: UrfaveCommand<Verb> {
    UrfaveCommand<Verb>(
        "checkpoint", usage: "refused: this runc keeps no images of running containers", arguments: "<container-id>"
    ) { flags in
        for name in ["image-path", "work-path", "parent-path"] {
            flags.string(name, usage: "directory of images (not possible)")
        }
        flags.bool("leave-running", usage: "let the container run on (not possible)")
        declareRestoreFlags(flags)
        flags.string("page-server", usage: "address of a page server (not possible)")
        flags.bool("pre-dump", usage: "memory alone (not possible)")
        flags.int("status-fd", usage: "descriptor to report at (not possible)", default: -1)
        return Verb(.exactly(1)) { (_) throws(RuntimeFailure) in
            throw RuntimeFailure("runc checkpoint is not supported by this runc: it does not use criu")
        }
    }
}

var restoreCommand: UrfaveCommand<Verb> {
    UrfaveCommand<Verb>(
        "restore", usage: "refused: this runc keeps no images of running containers", arguments: "<container-id>"
    ) { flags in
        flags.string("console-socket", usage: "unix socket for the terminal (not possible)")
        for name in ["image-path", "work-path"] { flags.string(name, usage: "directory of images (not possible)") }
        declareRestoreFlags(flags)
        flags.string("bundle", "b", usage: "the bundle's directory (not possible)")
        flags.bool("detach", "d", usage: "do not stay with the process (not possible)")
        flags.string("pid-file", usage: "file for the pid (not possible)")
        flags.bool("no-subreaper", usage: "do not adopt processes (not possible)")
        flags.bool("no-pivot", usage: "no pivot_root (not possible)")
        flags.string("lsm-profile", usage: "profile to run under (not possible)")
        flags.string("lsm-mount-context", usage: "context of mounts (not possible)")
        return Verb(.exactly(1)) { (_) throws(RuntimeFailure) in
            throw RuntimeFailure("runc restore is not supported by this runc: it does not use criu")
        }
    }
}

private func declareRestoreFlags(_ flags: FlagSet) {
    for name in ["tcp-established", "ext-unix-sk", "shell-job", "lazy-pages", "file-locks", "auto-dedup"] {
        flags.bool(name, usage: "as criu's option (not possible)")
    }
    flags.string("manage-cgroups-mode", usage: "as criu's option (not possible)")
    flags.list("empty-ns", usage: "as criu's option (not possible)")
}
