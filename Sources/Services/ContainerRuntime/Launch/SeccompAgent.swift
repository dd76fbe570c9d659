internal import CLinux
internal import JSON
internal import Linux
internal import OCIRuntime

/// Gives the agent that a profile names the descriptor at which a process's calls are answered, with the process's
/// state (runtime-spec, "The Container Process State"). `listener` is the descriptor's number in the process.
func introduceAgent(
    _ profile: SeccompProfile?, listener: String, of pid: Int32, _ state: State
) throws(RuntimeFailure) {
    guard let profile, !profile.listenerPath.isEmpty else { throw RuntimeFailure("listenerPath is not set") }
    let descriptor = try system("failed to get the seccomp listener: ") { () throws(SystemCallError) in
        let process = Descriptor(owning: try checked("pidfd_open") { cl_pidfd_open(pid) })
        return Descriptor(
            owning: try checked("pidfd_getfd") { cl_pidfd_getfd(process.number, Int32(listener) ?? -1) })
    }
    let socket: Descriptor
    do throws(RuntimeFailure) {
        socket = Descriptor(owning: try connectUnix(profile.listenerPath))
    } catch {
        throw error.during("failed to connect with seccomp agent specified in the seccomp profile: ")
    }
    var members: [(String, JSON)] = [
        ("ociVersion", .string(state.ociVersion)), ("fds", .strings(["seccompFd"])), ("pid", .int(pid)),
    ]
    if !profile.listenerMetadata.isEmpty { members.append(("metadata", .string(profile.listenerMetadata))) }
    members.append(("state", state.json))
    let text = JSON.members(members).encoded()
    let sent = [descriptor.number]
    if cl_send_descriptors(socket.number, text, text.count, sent, 1) < 0 {
        throw RuntimeFailure("sendmsg: " + errorText(cl_errno()))
    }
}
