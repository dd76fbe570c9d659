public import JSON

/// What POST /containers/{id}/exec asks for.
public struct ExecConfig: EngineObject {
    public var user: String = ""
    public var privileged: Bool = false
    public var tty: Bool = false
    /// Height and width.
    public var consoleSize: [Int] = []
    public var attachStdin: Bool = false
    public var attachStderr: Bool = false
    public var attachStdout: Bool = false
    public var detachKeys: String = ""
    public var env: [String]?
    public var workingDir: String = ""
    public var cmd: [String]?

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        user = try json.string("User")
        privileged = try json.bool("Privileged")
        tty = try json.bool("Tty")
        consoleSize = try json.ints("ConsoleSize")
        attachStdin = try json.bool("AttachStdin")
        attachStderr = try json.bool("AttachStderr")
        attachStdout = try json.bool("AttachStdout")
        detachKeys = try json.string("DetachKeys")
        env = try json.optionalStrings("Env")
        workingDir = try json.string("WorkingDir")
        cmd = try json.words("Cmd")
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("User", user)
        fields.put("Privileged", privileged)
        fields.put("Tty", tty)
        fields.putUnlessEmpty("ConsoleSize", consoleSize)
        fields.put("AttachStdin", attachStdin)
        fields.put("AttachStderr", attachStderr)
        fields.put("AttachStdout", attachStdout)
        fields.put("DetachKeys", detachKeys)
        fields.put("Env", env)
        fields.put("WorkingDir", workingDir)
        fields.put("Cmd", cmd)
        return fields.json
    }
}

/// The body of POST /exec/{id}/start.
public struct ExecStart: EngineObject {
    public var detach: Bool = false
    public var tty: Bool = false
    public var consoleSize: [Int] = []

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        detach = try json.bool("Detach")
        tty = try json.bool("Tty")
        consoleSize = try json.ints("ConsoleSize")
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("Detach", detach)
        fields.put("Tty", tty)
        fields.putUnlessEmpty("ConsoleSize", consoleSize)
        return fields.json
    }
}

/// The process of an exec.
public struct ExecProcess: EngineObject {
    public var tty: Bool = false
    public var entrypoint: String = ""
    public var arguments: [String]?
    public var privileged: Bool?
    public var user: String = ""

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        tty = try json.bool("tty")
        entrypoint = try json.string("entrypoint")
        arguments = try json.optionalStrings("arguments")
        privileged = try json.optionalBool("privileged")
        user = try json.string("user")
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("tty", tty)
        fields.put("entrypoint", entrypoint)
        fields.put("arguments", arguments)
        fields.putUnlessEmpty("privileged", privileged)
        fields.putUnlessEmpty("user", user)
        return fields.json
    }
}

/// An exec as GET /exec/{id}/json shows it.
public struct ExecInspect: EngineObject {
    public var id: String = ""
    public var running: Bool = false
    public var exitCode: Int?
    public var processConfig: ExecProcess = ExecProcess()
    public var openStdin: Bool = false
    public var openStderr: Bool = false
    public var openStdout: Bool = false
    public var canRemove: Bool = false
    public var containerID: String = ""
    /// The bytes, not the names.
    public var detachKeys: String = ""
    public var pid: Int = 0

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        id = try json.string("ID")
        running = try json.bool("Running")
        exitCode = try json.optionalInt("ExitCode")
        processConfig = try json.member("ProcessConfig") ?? ExecProcess()
        openStdin = try json.bool("OpenStdin")
        openStderr = try json.bool("OpenStderr")
        openStdout = try json.bool("OpenStdout")
        canRemove = try json.bool("CanRemove")
        containerID = try json.string("ContainerID")
        detachKeys = try json.string("DetachKeys")
        pid = try json.int("Pid")
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("ID", id)
        fields.put("Running", running)
        fields.put("ExitCode", exitCode)
        fields.put("ProcessConfig", processConfig)
        fields.put("OpenStdin", openStdin)
        fields.put("OpenStderr", openStderr)
        fields.put("OpenStdout", openStdout)
        fields.put("CanRemove", canRemove)
        fields.put("ContainerID", containerID)
        fields.put("DetachKeys", detachKeys)
        fields.put("Pid", pid)
        return fields.json
    }
}
