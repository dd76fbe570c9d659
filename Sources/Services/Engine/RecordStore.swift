internal import JSON
internal import Linux

/// The directory of the containers' records: data-root/containers/ID/{config.v2.json,hostconfig.json,…}. Every file is
/// replaced as a whole, so that a crash leaves the old one or the new one.
struct RecordStore: Sendable {
    /// data-root/containers
    let directory: String

    func folder(_ id: String) -> String { directory + "/" + id }
    func file(_ id: String, _ name: String) -> String { directory + "/" + id + "/" + name }

    /// Makes the folder of a new container with both files.
    func create(_ record: ContainerRecord) throws(SystemCallError) {
        try Files.makeDirectories(folder(record.id), mode: 0o710)
        try Files.replace(file(record.id, "hostconfig.json"), with: record.hostConfig.encoded, mode: 0o600)
        try save(record)
    }

    /// Writes what changes in a container's life.
    func save(_ record: ContainerRecord) throws(SystemCallError) {
        try Files.replace(file(record.id, "config.v2.json"), with: record.stored, mode: 0o600)
    }

    func saveHostConfig(_ record: ContainerRecord) throws(SystemCallError) {
        try Files.replace(file(record.id, "hostconfig.json"), with: record.hostConfig.encoded, mode: 0o600)
    }

    /// Removes everything of a container. The record goes first: what is left of a folder without one is swept at
    /// start.
    func remove(_ id: String) throws(SystemCallError) {
        let record = file(id, "config.v2.json")
        if Files.exists(record) { try Files.remove(record) }
        try Files.removeTree(folder(id))
    }

    /// The records on disk, and the folders that hold none that can be read, with the reason.
    func load() throws(SystemCallError) -> (records: [ContainerRecord], broken: [(id: String, reason: String)]) {
        try Files.makeDirectories(directory, mode: 0o710)
        var records: [ContainerRecord] = []
        var broken: [(id: String, reason: String)] = []
        for id in try Files.names(in: directory) {
            do {
                let record = try ContainerRecord(
                    stored: try Files.read(file(id, "config.v2.json")),
                    hostConfig: try Files.read(file(id, "hostconfig.json")))
                guard record.id == id else { throw JSON.Failure("the record is of container " + record.id) }
                records.append(record)
            } catch {
                broken.append((id, String(describing: error)))
            }
        }
        return (records, broken)
    }
}
