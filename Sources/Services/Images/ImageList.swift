public import EngineAPI
internal import GoText
internal import Linux
internal import OCIImage

/// What a listing shows.
public struct ImageListing: Sendable {
    /// Shows images that only others are made upon, too.
    public var all = false
    public var sharedSize = false
    public var filters = Filters()
    /// Minor version of the API: before 43 an image without a name is called "<none>:<none>".
    public var apiMinor = 51

    public init() {}
}

extension ImageStore {
    static let listFilters = ["before", "dangling", "label", "label!", "reference", "since", "until"]

    /// Images as `GET /images/json` lists them, the newest first.
    public func list(_ listing: ImageListing = ImageListing()) async throws(EngineError) -> [ImageSummary] {
        let filters = listing.filters
        if let unknown = filters.unknown(among: Self.listFilters) { throw .invalid("invalid filter '\(unknown)'") }
        let dangling = try flag(filters, "dangling")
        let limits = try await limits(filters)
        let everything = try await all()
        let parents = Set(everything.map(\.image.parent))
        var summaries: [ImageSummary] = []
        for named in everything {
            let created = named.image.created
            if let before = limits.before, created >= before { continue }
            if let since = limits.since, created <= since { continue }
            let labels = named.image.runConfig.labels ?? [:]
            guard filters.matchLabels("label", labels) else { continue }
            if filters.contains("label!") && filters.matchLabels("label!", labels) { continue }
            let (tags, digests) = try matching(named, filters["reference"])
            if filters.contains("reference") && tags.isEmpty && digests.isEmpty { continue }
            let isDangling = named.names.isEmpty
            if let dangling, dangling != isDangling { continue }
            // Steps of a build that have a child are no images of their own.
            if isDangling && !listing.all && dangling == nil && parents.contains(named.image.id) { continue }
            summaries.append(try await summary(named, tags, digests, listing))
        }
        if listing.sharedSize { try await addSharedSizes(&summaries, everything) }
        return summaries.sorted { ($0.created, $1.id) > ($1.created, $0.id) }
    }

    private func flag(_ filters: Filters, _ name: String) throws(EngineError) -> Bool? {
        guard filters.contains(name) else { return nil }
        switch filters[name].last ?? "" {
        case "1", "true": return true
        case "0", "false": return false
        default: throw .invalid("invalid filter '\(name)=[\(filters[name].joined(separator: " "))]'")
        }
    }

    private func limits(_ filters: Filters) async throws(EngineError) -> (before: Timestamp?, since: Timestamp?) {
        var before: Timestamp?
        var since: Timestamp?
        for name in filters["before"] {
            let moment = try await resolve(name).created
            before = min(before ?? moment, moment)
        }
        for name in filters["since"] {
            let moment = try await resolve(name).created
            since = max(since ?? moment, moment)
        }
        for text in filters["until"] {
            let moment = try Self.moment(text)
            before = min(before ?? moment, moment)
        }
        return (before, since)
    }

    private func matching(
        _ named: NamedImage, _ patterns: [String]
    ) throws(EngineError) -> (tags: [String], digests: [String]) {
        for pattern in patterns where !Pattern(pattern).isValid { throw .invalid("syntax error in pattern") }
        guard !patterns.isEmpty else { return (named.tags, named.digests) }
        func fits(_ text: String) -> Bool {
            guard let reference = try? ImageReference(text) else { return false }  // Came from a reference: it parses.
            return patterns.contains { pattern in
                Pattern(pattern).matches(text) || Pattern(pattern).matches(reference.familiarName)
            }
        }
        return (named.tags.filter(fits), named.digests.filter(fits))
    }

    private func summary(
        _ named: NamedImage, _ tags: [String], _ digests: [String], _ listing: ImageListing
    ) async throws(EngineError) -> ImageSummary {
        var summary = ImageSummary()
        summary.id = named.image.id
        summary.parentID = named.image.parent
        summary.created = named.image.created.seconds
        summary.labels = named.image.runConfig.labels
        summary.size = try await size(of: named.image)
        if listing.apiMinor < 44 { summary.virtualSize = summary.size }
        summary.containers = -1
        summary.sharedSize = -1
        let isUnnamed = tags.isEmpty && digests.isEmpty && listing.apiMinor < 43
        summary.repoTags = isUnnamed ? ["<none>:<none>"] : tags
        summary.repoDigests = isUnnamed ? ["<none>@<none>"] : digests
        return summary
    }

    private func addSharedSizes(_ summaries: inout [ImageSummary], _ all: [NamedImage]) async throws(EngineError) {
        var users: [String: Int] = [:]
        for named in all { for chainID in named.image.chainIDs { users[chainID, default: 0] += 1 } }
        for index in summaries.indices {
            guard let named = all.first(where: { $0.image.id == summaries[index].id }) else { continue }
            var shared = 0
            for (layer, chainID) in named.image.chainIDs.enumerated() where users[chainID] ?? 0 > 1 {
                shared += try await layerSize(named.image, layer)
            }
            summaries[index].sharedSize = shared
        }
    }

    /// How many images there are.
    public func count() async throws(EngineError) -> Int { try await all().count }

    /// The ids of an image and of those that were committed from it, or from them.
    public func descendants(of reference: String) async throws(EngineError) -> Set<String> {
        var found: Set<String> = [try await resolve(reference).id]
        let everything = try await all().map(\.image)
        var next = found
        while !next.isEmpty {
            next = Set(everything.filter { next.contains($0.parent) && !found.contains($0.id) }.map(\.id))
            found.formUnion(next)
        }
        return found
    }

    /// A point in time as filters give it.
    static func moment(_ text: String) throws(EngineError) -> Timestamp {
        guard let moment = Timestamp(text: text, now: Timestamp(WallClock.now)) else {
            throw .invalid("failed to parse value as time or duration: " + goQuoted(text))
        }
        return moment
    }
}
