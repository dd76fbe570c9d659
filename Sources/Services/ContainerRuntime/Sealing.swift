internal import CLinux
internal import Linux
internal import Mounts

/// Makes sure that nobody in a container can write to this program through /proc/PID/exe: when it runs from a file that
/// could be written, it starts again from a read-only view of that file. Returns when there is nothing to be done;
/// throws when the program cannot be protected.
public func sealOwnProgram() throws(RuntimeFailure) {
    if geteuid() != 0 { return }
    let preface = "could not ensure we are a cloned binary: "
    let own = try system(preface) { () throws(SystemCallError) in
        try Descriptor.open("/proc/self/exe", O_RDONLY)
    }
    if cl_mount_flags(own.number) & 1 /* ST_RDONLY */ != 0 { return }
    let seals = cl_fcntl(own.number, 1034 /* F_GET_SEALS */, 0)
    if seals > 0 && seals & 8 /* F_SEAL_WRITE */ != 0 { return }
    let arguments = CStrings(Process.arguments)
    let variables = CStrings(Process.environment)
    if let view = readOnlyView(own) {
        cl_execute(view, arguments.pointer, variables.pointer)
        close(view)
    }
    let copy = try system(preface) { () throws(SystemCallError) in try sealedCopy(own) }
    cl_execute(copy, arguments.pointer, variables.pointer)
    throw RuntimeFailure(preface + errorText(cl_errno()))
}

/// The file through a mount of its own that is in nobody's tree, so nobody can make it writable again.
private func readOnlyView(_ program: borrowing Descriptor) -> Int32? {
    // A kernel before 5.12, or no right to mount: a copy does it, too.
    guard let view = try? DetachedMount(program, recursive: false), (try? view.makeReadOnly()) != nil else {
        return nil
    }
    return view.release()
}

private func sealedCopy(_ program: borrowing Descriptor) throws(SystemCallError) -> Int32 {
    let memory = Descriptor(
        owning: try checked("memfd_create") {
            cl_memfd_create("runc_cloned:/proc/self/exe", UInt32(CL_MFD_CLOEXEC | CL_MFD_ALLOW_SEALING))
        })
    while try checked("sendfile", "", { cl_sendfile(memory.number, program.number, 1 << 24) }) > 0 {}
    try checked("fcntl") { cl_fcntl(memory.number, Int32(CL_F_ADD_SEALS), 15) }
    return memory.release()
}
