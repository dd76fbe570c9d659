import ContainerdAPI
import Linux
import SHA2
import Testing

@testable import ShimCommand

@Test func aSocketIsNamedAfterContainerdNamespaceAndGroup() {
    let socket = ShimSocket(containerd: "/run/containerd/containerd.sock", namespace: "moby", group: "x")
    let name = hex(SHA256.digest(Array("/run/containerd/containerd.sock/moby/x".utf8)))
    #expect(socket.address == "unix:///run/containerd/s/" + name)
    #expect(ShimSocket(address: socket.address).path == socket.path)
}

@Test(arguments: [
    ("", StreamTarget.none), ("/a/b", .fifo("/a/b")), ("fifo:///a", .fifo("/a")),
    ("file:///var/l%20og", .file("/var/l og")),
    ("binary:///bin/log?a=b&c", .program("/bin/log", ["a", "b", "c"])), ("binary:///bin/log", .program("/bin/log", [])),
    ("npipe://x", .unknown("npipe")), ("/odd://name", .fifo("/odd://name")),
])
func anOutputsNameSaysItsKind(_ name: String, _ target: StreamTarget) { #expect(StreamTarget(name) == target) }

@Test func theLastErrorOfARuntimesLogCounts() {
    let log = """
        {"level":"error","msg":"first","time":"t"}
        {"level":"warning","msg":"not this","time":"t"}
        no json
        {"level":"error","msg":" second \\n","time":"t"}
        {"level":"info","msg":"nor this","time":"t"}
        """
    #expect(Runtime.lastError(in: Array(log.utf8)) == "second")
    #expect(Runtime.lastError(in: []) == nil)
}

@Test func theRuntimesCommandLineIsUpstreams() {
    var options = RuncOptions.Options()
    options.systemdCgroup = true
    options.root = "/run/other"
    let runtime = Runtime(bundle: "/b", namespace: "moby", options: options)
    #expect(
        runtime.command(["start", "x"], descriptors: []).arguments == [
            "runc", "--root", "/run/other/moby", "--log", "/b/log.json", "--log-format", "json", "--systemd-cgroup",
            "start", "x",
        ])
}

@Test func aProcessRefusesWhatItsPhaseForbids() {
    let process = TaskProcess(execId: "", names: StreamNames())
    #expect(process.refusesStart() == nil)
    #expect(process.refusesPause()?.message == "cannot pause task in created state")
    process.becameRunning()
    #expect(process.refusesStart()?.message == "cannot start a running process")
    #expect(process.refusesDelete()?.message == "cannot delete a running process")
    #expect(process.refusesResume()?.message == "cannot resume a running process")
    process.becamePaused()
    #expect(process.refusesExec()?.message == "cannot exec in a paused state")
    process.exited(.signaled(9))
    #expect(process.exitStatus == 137)
    #expect(process.refusesDelete() == nil)
    #expect(process.refusesUpdate()?.message == "cannot update a stopped container")
    process.becameDeleted()
    #expect(process.refusesDelete()?.code == .notFound)
}

@Test func changesOfAProcessComeOneAfterTheOther() {
    let process = TaskProcess(execId: "", names: StreamNames())
    var finish: (() -> Void)?
    var ran: [Int] = []
    process.exclusively { done in
        ran.append(1)
        finish = done
    }
    process.exclusively { done in
        ran.append(2)
        done()
    }
    #expect(ran == [1])
    finish?()
    #expect(ran == [1, 2])
    process.exclusively { done in
        ran.append(3)
        done()
    }
    #expect(ran == [1, 2, 3])
}
