import Linux
import Testing

@Test(arguments: [
    ("/a/../b", "/b"), ("a/./b//c", "a/b/c"), ("../a", "../a"), ("/..", "/"), ("", "."), ("a/..", "."),
])
func pathsAreCleanedAsGoDoes(_ path: String, _ cleaned: String) { #expect(Files.cleaned(path) == cleaned) }

@Test func replacingAFileLeavesNoTemporaryFile() throws {
    let folder = "/tmp/slipway-files-" + randomHex(bytes: 6)
    try Files.makeDirectories(folder + "/a/b")
    defer { try? Files.removeTree(folder) }
    try Files.replace(folder + "/a/b/state", with: Array("one".utf8))
    try Files.replace(folder + "/a/b/state", with: Array("two".utf8))
    #expect(try Files.readText(folder + "/a/b/state") == "two")
    #expect(try Files.names(in: folder + "/a/b") == ["state"])
}

@Test func aFailedExecIsThrownByStart() {
    #expect(throws: SystemCallError.self) { try Spawn("/nonexistent", ["x"]).start() }
}

@Test func aProgramsStatusIsReturned() throws {
    #expect(try Spawn("sh", ["sh", "-c", "exit 7"]).run() == .exited(7))
    #expect(try Spawn("sh", ["sh", "-c", "kill -9 $$"]).run() == .signaled(9))
}

@Test func errorsReadAsGoPrintsThem() {
    do throws(SystemCallError) {
        _ = try Files.read("/nonexistent/x")
        Issue.record("read")
    } catch {
        #expect(error.description == "open /nonexistent/x: no such file or directory")
    }
}
