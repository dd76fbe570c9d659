internal import CLinux
internal import Linux
internal import Mounts
internal import OCIRuntime

private let TIOCGPTPEER: UInt = 0x5441
private let TIOCSPTLCK: UInt = 0x4004_5431

/// Opens a new terminal of the container's own and makes it this process's: streams, controlling terminal, and
/// /dev/console where `mountsConsole`. The other side goes through `socket` to whoever serves it.
func openTerminal(
    _ root: borrowing Root, socket: Int32, size: Spec.ConsoleSize?, mountsConsole: Bool
) throws(SystemCallError) {
    let controller = try root.open("/dev/ptmx", O_RDWR | O_NOCTTY)
    var status = stat()
    try checked("fstat", "/dev/ptmx") { fstat(controller.number, &status) }
    guard cl_major(UInt64(status.st_rdev)) == 5, cl_minor(UInt64(status.st_rdev)) == 2 else {
        throw SystemCallError(number: ENOTTY, operation: "open", subject: "/dev/ptmx")
    }
    var unlocked: Int32 = 0
    try checked("ioctl", "TIOCSPTLCK") { cl_ioctl_pointer(controller.number, TIOCSPTLCK, &unlocked) }
    // The peer by the terminal itself: no path that a container could have laid.
    let replica = Descriptor(
        owning: try checked("ioctl", "TIOCGPTPEER") {
            cl_ioctl(controller.number, TIOCGPTPEER, Int(O_RDWR | O_NOCTTY | O_CLOEXEC))
        })
    if mountsConsole { try mountConsole(root, replica) }
    if let size {
        var window = winsize()
        window.ws_row = UInt16(clamping: size.height)
        window.ws_col = UInt16(clamping: size.width)
        cl_ioctl_pointer(controller.number, UInt(TIOCSWINSZ), &window)
    }
    let name = "/dev/ptmx"
    let sent = [controller.number]
    let count = cl_send_descriptors(socket, name, name.utf8.count, sent, 1)
    if count < 0 { throw SystemCallError(number: cl_errno(), operation: "sendmsg", subject: "console socket") }
    for number in Int32(0)..<3 { try checked("dup3") { cl_dup3(replica.number, number, 0) } }
    try checked("ioctl", "TIOCSCTTY") { cl_ioctl(0, UInt(TIOCSCTTY), 0) }
}

private func mountConsole(_ root: borrowing Root, _ replica: borrowing Descriptor) throws(SystemCallError) {
    let place = try root.makeFile("/dev/console")
    try DetachedMount(replica, recursive: false).attach(to: place)
}

/// Connects to the unix socket of somebody outside the container. The caller owns the descriptor.
func connectUnix(_ path: String) throws(RuntimeFailure) -> Int32 {
    var address = sockaddr_un()
    let length = cl_unix_address(path, &address)
    if length < 0 { throw RuntimeFailure("dial unix " + path + ": " + errorText(cl_errno())) }
    let number = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    if number < 0 { throw RuntimeFailure("socket: " + errorText(cl_errno())) }
    let result = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(number, $0, socklen_t(length)) }
    }
    if result != 0 {
        let error = cl_errno()
        close(number)
        throw RuntimeFailure("dial unix " + path + ": connect: " + errorText(error))
    }
    return number
}
