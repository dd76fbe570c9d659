public import EngineAPI
internal import GoText
internal import JSON

/// What `GET /containers/json` asks for.
public struct ContainerListing: Sendable {
    public var all = false
    public var limit = 0
    public var size = false
    public var filters = Filters()

    public init() {}
}

extension Engine {
    /// Containers, the newest first, as the bytes of a JSON array. Nothing slow is waited for unless sizes are wanted.
    public func list(_ listing: ContainerListing) async throws(EngineError) -> [UInt8] {
        let found = try await matching(listing)
        let images = await currentImages(of: found)
        let now = Clock.now
        var out: [UInt8] = [UInt8(ascii: "[")]
        for (index, container) in found.enumerated() {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            if listing.size {
                out += try await summary(container, images, size: true).json.encoded(escapingHTML: false)
                continue
            }
            let image = Engine.image(of: container.record, images)
            let bytes = container.summary(naming: image) { record in
                cut(self.summary(record, image), version: record.version)
            }
            out += bytes.before
            JSON.appendString(StatusText.of(container.record, now: now), to: &out)
            out += bytes.after
        }
        out.append(UInt8(ascii: "]"))
        return out
    }

    /// The same as values.
    public func summaries(_ listing: ContainerListing) async throws(EngineError) -> [ContainerSummary] {
        var all: [ContainerSummary] = []
        let found = try await matching(listing)
        let images = await currentImages(of: found)
        for container in found { all.append(try await summary(container, images, size: listing.size)) }
        return all
    }

    /// The ids of the images that the containers' images' names stand for by now; nothing where that cannot be told.
    private func currentImages(of containers: [Container]) async -> [String: String] {
        // containerd may be away: that is no reason not to list.
        (try? await images.identifiers(of: Set(containers.map { $0.record.config.image }))) ?? [:]
    }

    /// A container's image as its client named it, or by its id when the name stands for it no more.
    private static func image(of record: ContainerRecord, _ images: [String: String]) -> String {
        (images[record.config.image] ?? record.imageID) == record.imageID ? record.config.image : record.imageID
    }

    private func matching(_ listing: ContainerListing) async throws(EngineError) -> [Container] {
        let filter = try await ContainerFilter(listing.filters, engine: self)
        // Only what runs is shown unless something else is asked for.
        let showsAll = listing.all || listing.limit > 0 || filter.namesStates
        var found: [(created: Timestamp, container: Container)] = []
        for container in containers {
            let record = container.record
            if !showsAll && !record.life.isRunning && record.life.phase != .restarting { continue }
            if filter.matches(record) { found.append((record.created, container)) }
        }
        found.sort { ($0.created, $0.container.id) > ($1.created, $1.container.id) }
        let limit = listing.limit > 0 ? listing.limit : found.count
        return found.prefix(limit).map(\.container)
    }

    private func summary(
        _ container: Container, _ current: [String: String], size: Bool
    ) async throws(EngineError) -> ContainerSummary {
        let record = container.record
        var entry = summary(record, Engine.image(of: record, current))
        entry.status = StatusText.of(record, now: Clock.now)
        if size {
            let found = try await images.size(ofRoot: record.snapshotKey, image: record.imageID)
            entry.sizeRw = found.own
            entry.sizeRootFs = found.total
        }
        return entry
    }

    private func summary(_ record: ContainerRecord, _ image: String) -> ContainerSummary {
        var entry = ContainerSummary()
        entry.id = record.id
        entry.names = ["/" + record.name]
        entry.image = image
        entry.imageID = record.imageID
        entry.command = SummaryCommand.text(record.path, record.arguments)
        entry.created = record.created.seconds
        entry.ports = PublishedPorts.list(record)
        entry.labels = record.config.labels ?? [:]
        entry.state = record.life.phase.rawValue
        entry.hostConfig.networkMode = record.hostConfig.networkMode
        entry.hostConfig.annotations = record.hostConfig.annotations
        var settings = SummaryNetworkSettings()
        settings.networks = record.networkSettings.networks
        entry.networkSettings = settings
        entry.mounts = record.mounts.map(\.apiMount)
        return entry
    }

    /// Encodes an entry once; the words of its status are put in each time.
    private func cut(_ entry: ContainerSummary, version: Int) -> SummaryBytes {
        var marked = entry
        marked.status = "\u{1}"
        let bytes = marked.json.encoded(escapingHTML: false)
        let mark = Array("\"\\u0001\"".utf8)
        var position = bytes.count
        if bytes.count >= mark.count {
            for start in stride(from: bytes.count - mark.count, through: 0, by: -1)
            where bytes[start..<(start + mark.count)].elementsEqual(mark) {
                position = start
                break
            }
        }
        let after = min(bytes.count, position + mark.count)
        return SummaryBytes(
            version: version, image: entry.image, before: Array(bytes[..<position]), after: Array(bytes[after...]))
    }
}

/// The command as a listing shows it.
enum SummaryCommand {
    static func text(_ path: String, _ arguments: [String]) -> String {
        ([path] + arguments.map(quoted)).joined(separator: " ")
    }

    /// An argument with white space in single quotes.
    private static func quoted(_ text: String) -> String {
        text.utf8.contains(where: { $0 == 32 || $0 == 9 || $0 == 10 }) ? "'" + text + "'" : text
    }
}

/// A container's ports as a listing shows them.
enum PublishedPorts {
    static func list(_ record: ContainerRecord) -> [Port] {
        guard record.life.isRunning else { return [] }
        var ports: [Port] = []
        for (name, bindings) in record.networkSettings.ports.sorted(by: { $0.key < $1.key }) {
            // A record holds what was checked when it was made.
            guard let parsed = try? PortNumber(parsing: name) else { continue }
            var port = Port()
            port.privatePort = parsed.number
            port.type = parsed.proto
            if bindings.isEmpty { ports.append(port) }
            for binding in bindings {
                port.ip = binding.hostIP
                port.publicPort = Int(binding.hostPort) ?? 0
                ports.append(port)
            }
        }
        return ports
    }
}

/// "Up 5 minutes (Paused)", "Exited (0) 2 hours ago".
enum StatusText {
    static func of(_ record: ContainerRecord, now: Timestamp) -> String {
        let life = record.life
        func since(_ moment: Timestamp) -> String { humanDuration(seconds: now.seconds - moment.seconds) }
        switch life.phase {
        case .running:
            var text = "Up " + since(life.startedAt)
            if let health = record.health, !health.status.isEmpty, health.status != "none" {
                text += " (" + (health.status == "starting" ? "health: starting" : health.status) + ")"
            }
            return text
        case .paused: return "Up " + since(life.startedAt) + " (Paused)"
        case .restarting: return "Restarting (\(life.exitCode)) " + since(life.finishedAt) + " ago"
        case .removing: return "Removal In Progress"
        case .dead: return "Dead"
        case .created: return "Created"
        case .exited:
            return life.finishedAt.isZero ? "" : "Exited (\(life.exitCode)) " + since(life.finishedAt) + " ago"
        }
    }
}
