public import JSON

/// How a container's health is probed. Durations are in nanoseconds; zero means "from the image, or the default".
public struct HealthConfig: EngineObject {
    /// Empty: inherit; "NONE": none; "CMD" or "CMD-SHELL" and the command.
    public var test: [String] = []
    public var interval: Int = 0
    public var timeout: Int = 0
    public var startPeriod: Int = 0
    public var startInterval: Int = 0
    public var retries: Int = 0

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        test = try json.strings("Test")
        interval = try json.int("Interval")
        timeout = try json.int("Timeout")
        startPeriod = try json.int("StartPeriod")
        startInterval = try json.int("StartInterval")
        retries = try json.int("Retries")
    }

    public var json: JSON {
        var fields = Fields()
        fields.putUnlessEmpty("Test", test)
        fields.putUnlessEmpty("Interval", interval)
        fields.putUnlessEmpty("Timeout", timeout)
        fields.putUnlessEmpty("StartPeriod", startPeriod)
        fields.putUnlessEmpty("StartInterval", startInterval)
        fields.putUnlessEmpty("Retries", retries)
        return fields.json
    }
}

/// What a container runs: the part that an image can give, too, and that does not depend on the host.
public struct ContainerConfig: EngineObject {
    public var hostname: String = ""
    public var domainname: String = ""
    public var user: String = ""
    public var attachStdin: Bool = false
    public var attachStdout: Bool = false
    public var attachStderr: Bool = false
    /// "80/tcp"
    public var exposedPorts: Set<String> = []
    public var tty: Bool = false
    public var openStdin: Bool = false
    /// Standard input is closed when the first client that attached goes away.
    public var stdinOnce: Bool = false
    public var env: [String]?
    public var cmd: [String]?
    public var healthcheck: HealthConfig?
    public var argsEscaped: Bool = false
    /// The image as the client named it.
    public var image: String = ""
    public var volumes: Set<String>?
    public var workingDir: String = ""
    public var entrypoint: [String]?
    public var networkDisabled: Bool = false
    public var macAddress: String = ""
    public var onBuild: [String]?
    public var labels: [String: String]?
    public var stopSignal: String = ""
    /// Seconds before SIGKILL.
    public var stopTimeout: Int?
    public var shell: [String] = []

    public init() {}

    public init(json: JSON.Object) throws(JSON.Failure) {
        hostname = try json.string("Hostname")
        domainname = try json.string("Domainname")
        user = try json.string("User")
        attachStdin = try json.bool("AttachStdin")
        attachStdout = try json.bool("AttachStdout")
        attachStderr = try json.bool("AttachStderr")
        exposedPorts = try json.names("ExposedPorts") ?? []
        tty = try json.bool("Tty")
        openStdin = try json.bool("OpenStdin")
        stdinOnce = try json.bool("StdinOnce")
        env = try json.optionalStrings("Env")
        cmd = try json.words("Cmd")
        healthcheck = try json.member("Healthcheck")
        argsEscaped = try json.bool("ArgsEscaped")
        image = try json.string("Image")
        volumes = try json.names("Volumes")
        workingDir = try json.string("WorkingDir")
        entrypoint = try json.words("Entrypoint")
        networkDisabled = try json.bool("NetworkDisabled")
        macAddress = try json.string("MacAddress")
        onBuild = try json.optionalStrings("OnBuild")
        labels = try json.texts("Labels")
        stopSignal = try json.string("StopSignal")
        stopTimeout = try json.optionalInt("StopTimeout")
        shell = try json.words("Shell") ?? []
    }

    public var json: JSON {
        var fields = Fields()
        fields.put("Hostname", hostname)
        fields.put("Domainname", domainname)
        fields.put("User", user)
        fields.put("AttachStdin", attachStdin)
        fields.put("AttachStdout", attachStdout)
        fields.put("AttachStderr", attachStderr)
        fields.putUnlessEmpty("ExposedPorts", exposedPorts)
        fields.put("Tty", tty)
        fields.put("OpenStdin", openStdin)
        fields.put("StdinOnce", stdinOnce)
        fields.put("Env", env)
        fields.put("Cmd", cmd)
        fields.putUnlessEmpty("Healthcheck", healthcheck)
        fields.putUnlessEmpty("ArgsEscaped", argsEscaped)
        fields.put("Image", image)
        fields.put("Volumes", volumes)
        fields.put("WorkingDir", workingDir)
        fields.put("Entrypoint", entrypoint)
        fields.putUnlessEmpty("NetworkDisabled", networkDisabled)
        fields.putUnlessEmpty("MacAddress", macAddress)
        fields.put("OnBuild", onBuild)
        fields.put("Labels", labels)
        fields.putUnlessEmpty("StopSignal", stopSignal)
        fields.putUnlessEmpty("StopTimeout", stopTimeout)
        fields.putUnlessEmpty("Shell", shell)
        return fields.json
    }
}
