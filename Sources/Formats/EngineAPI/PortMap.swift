/// Ports as "80/tcp" and where they are bound on the host. A port that is exposed and not published has no bindings.
public typealias PortMap = [String: [PortBinding]]

extension PortBinding {
    public init(hostIP: String, hostPort: String) {
        self.hostIP = hostIP
        self.hostPort = hostPort
    }
}
