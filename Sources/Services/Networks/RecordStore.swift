internal import JSON
internal import Linux

/// The records of networks and sandboxes, a file each. A sandbox's file only has to outlive the daemon: what it
/// describes does not outlive the machine, so it is not forced to disk.
struct RecordStore: Sendable {
    let directory: String

    init(dataRoot: String) throws(SystemCallError) {
        directory = dataRoot + "/network/files"
        try Files.makeDirectories(dataRoot + "/network", mode: 0o750)
        try Files.makeDirectories(directory, mode: 0o750)
    }

    func write(_ network: NetworkRecord) throws(SystemCallError) {
        try Files.replace(path(network), with: network.json.encoded(), mode: 0o600)
    }

    func write(_ sandbox: SandboxRecord) throws(SystemCallError) {
        let temporary = path(sandbox.containerID) + ".new"
        try Files.write(sandbox.json.encoded(), to: temporary, mode: 0o600)
        try Files.rename(temporary, to: path(sandbox.containerID))
    }

    func remove(_ network: NetworkRecord) throws(SystemCallError) { try removeIfPresent(path(network)) }
    func removeSandbox(_ containerID: String) throws(SystemCallError) { try removeIfPresent(path(containerID)) }

    private func path(_ network: NetworkRecord) -> String { directory + "/network-" + network.id + ".json" }
    private func path(_ containerID: String) -> String { directory + "/sandbox-" + containerID + ".json" }

    private func removeIfPresent(_ path: String) throws(SystemCallError) {
        if Files.exists(path) { try Files.remove(path) }
    }

    /// Everything that can be read. A file that cannot is named to `warn` and left where it is.
    func readAll(warn: (String) -> Void) throws(SystemCallError) -> (
        networks: [NetworkRecord], sandboxes: [SandboxRecord]
    ) {
        var networks: [NetworkRecord] = []
        var sandboxes: [SandboxRecord] = []
        for name in try Files.names(in: directory).sorted() where name.hasSuffix(".json") {
            let path = directory + "/" + name
            do {
                guard let object = try JSON(parsing: try Files.read(path)).object else { continue }
                if name.hasPrefix("network-") { networks.append(try NetworkRecord(json: object)) }
                if name.hasPrefix("sandbox-") { sandboxes.append(try SandboxRecord(json: object)) }
            } catch {
                warn("cannot read " + path + ": " + String(describing: error))
            }
        }
        networks.sort { $0.created < $1.created }
        return (networks, sandboxes)
    }
}
