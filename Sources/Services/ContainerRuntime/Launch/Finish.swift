internal import CLinux
internal import GoText
internal import Linux
internal import Mounts
internal import OCIRuntime
internal import Seccomp

/// The last steps of a process in a container, first or not: gives up rights, becomes the user, and the program.
/// `gate` is run when nothing is left that can fail but the program itself: from then on nobody waits for news, and a
/// failure is said where the program would have spoken. Returns only by throwing.
func finish(
    _ process: Spec.Process, _ capabilities: CapabilitySets, _ filter: SeccompFilter?, preserved: Int,
    _ channel: borrowing Channel, gate: () throws(RuntimeFailure) -> Void
) throws(RuntimeFailure) {
    if process.noNewPrivileges { cl_prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }
    // Without that promise only a process with rights may take a filter: while it still has them.
    if let filter, !process.noNewPrivileges { try load(filter, channel) }
    // Nothing of the host's stays open in the program but what was promised to it.
    cl_close_range(UInt32(3 + preserved), UInt32.max, 4 /* CLOSE_RANGE_CLOEXEC */)
    try system { () throws(SystemCallError) in
        try capabilities.applyBounding()
        cl_prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
    }
    let early = chdir(process.cwd) == 0
    let environment = completed(process.env, uid: process.user.uid)
    try giveStreams(to: process.user.uid)
    try become(process.user)
    if !early && chdir(process.cwd) != 0 {
        throw RuntimeFailure(
            "chdir to cwd (\"" + process.cwd + "\") set in config.json failed: " + errorText(cl_errno()))
    }
    try verifyDirectory()
    cl_prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0)
    try system { () throws(SystemCallError) in try capabilities.apply() }
    let program = try lookUp(process.args[0], environment)
    var none = sigset_t()
    sigemptyset(&none)
    sigprocmask(SIG_SETMASK, &none, nil)
    let arguments = CStrings(process.args)
    let variables = CStrings(environment)
    // An agent is made known while the runtime is still there to do it.
    let loadsLast = process.noNewPrivileges && !(filter?.hasAgent ?? false)
    if let filter, process.noNewPrivileges, !loadsLast { try load(filter, channel) }
    try gate()
    failAlone { () throws(RuntimeFailure) in
        if let filter, loadsLast { try load(filter, channel) }
        CLinux.execve(
            program, UnsafeMutablePointer(mutating: castStrings(arguments.pointer)),
            UnsafeMutablePointer(mutating: castStrings(variables.pointer)))
        throw RuntimeFailure("exec " + program + ": " + errorText(cl_errno()))
    }
}

/// Runs a step of a process that has been let go; a failure ends the process.
func failAlone(_ body: () throws(RuntimeFailure) -> Void) {
    do throws(RuntimeFailure) {
        try body()
    } catch {
        Linux.Console.error(error.message + "\n")
        _exit(1)
    }
}

/// Refuses what is no variable of an environment.
func checkEnvironment(_ entries: [String]) throws(RuntimeFailure) {
    for entry in entries {
        guard let equals = entry.utf8.firstIndex(of: 61) else {
            throw RuntimeFailure("invalid environment variable: " + goQuoted(entry))
        }
        if equals == entry.utf8.startIndex {
            throw RuntimeFailure("environment variable name can't be empty: " + goQuoted(entry))
        }
        if let zero = entry.utf8.firstIndex(of: 0) {
            throw RuntimeFailure(
                "environment variable " + (zero < equals ? "name" : "value") + " can't contain null(\\x00): "
                    + goQuoted(entry))
        }
    }
}

/// execve(2)'s view of the strings: it does not write them.
private func castStrings(
    _ strings: UnsafePointer<UnsafePointer<CChar>?>
) -> UnsafePointer<UnsafeMutablePointer<CChar>?> {
    UnsafeRawPointer(strings).assumingMemoryBound(to: UnsafeMutablePointer<CChar>?.self)
}

private func load(_ filter: SeccompFilter, _ channel: borrowing Channel) throws(RuntimeFailure) {
    let listener: Int32?
    do throws(SeccompFailure) { listener = try filter.load() } catch { throw RuntimeFailure(error) }
    if let listener { try system { () throws(SystemCallError) in try channel.handOver(listener) } }
}

/// A working directory outside the root has no path: the kernel says so, and it is refused.
private func verifyDirectory() throws(RuntimeFailure) {
    var buffer = [CChar](repeating: 0, count: 4097)
    if getcwd(&buffer, 4096) == nil || buffer[0] != 47 {
        throw RuntimeFailure(
            "current working directory is outside of container mount namespace root"
                + " -- possible container breakout attempt"
        )
    }
}

/// The environment with each name once, its last value, and HOME from the container's users where there is none.
private func completed(_ given: [String], uid: UInt32) -> [String] {
    var names: [[UInt8]] = []
    var entries: [String] = []
    for entry in given {
        let name = Array(entry.utf8.prefix { $0 != 61 })
        if let index = names.firstIndex(of: name) {
            entries[index] = entry
        } else {
            names.append(name)
            entries.append(entry)
        }
    }
    let own = names.firstIndex(of: Array("HOME".utf8))
    if let own, entries[own] != "HOME=" { return entries }
    // A root without users has its home at the root.
    let users = (try? Root("/").open("/etc/passwd", O_RDONLY).readAll()) ?? []
    let home = passwordEntry(users, uid: uid)?.home ?? "/"
    let entry = "HOME=" + (home.isEmpty ? "/" : home)
    guard let own else { return entries + [entry] }
    entries[own] = entry
    return entries
}

/// The program's path as Go's exec.LookPath finds it, with its words.
private func lookUp(_ name: String, _ environment: [String]) throws(RuntimeFailure) -> String {
    func failure(_ words: String) -> RuntimeFailure { RuntimeFailure("exec: \"" + name + "\": " + words, status: 255) }
    if name.utf8.contains(47) {
        if let words = reasonAgainst(name) { throw failure(words) }
        return name
    }
    var path = ""
    for entry in environment where entry.utf8.starts(with: "PATH=".utf8) {
        path = String(decoding: Array(entry.utf8.dropFirst(5)), as: UTF8.self)
    }
    for directory in path.utf8.split(separator: 58, omittingEmptySubsequences: false) {
        let folder = directory.isEmpty ? "." : String(decoding: Array(directory), as: UTF8.self)
        let candidate = folder + "/" + name
        if reasonAgainst(candidate) == nil { return candidate }
    }
    throw failure("executable file not found in $PATH")
}

/// Why a path cannot be executed; nil when it can.
private func reasonAgainst(_ path: String) -> String? {
    var status = stat()
    if stat(path, &status) != 0 { return "stat " + path + ": " + errorText(cl_errno()) }
    if cl_format(status.st_mode) == S_IFDIR { return "permission denied" }
    if status.st_mode & 0o111 == 0 { return "permission denied" }
    if faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) != 0 { return errorText(cl_errno()) }
    return nil
}
