internal import ContainerdClient
public import EngineAPI
internal import GRPC
internal import GoText
internal import OCIImage

/// `docker rmi`, by upstream's rules.
extension ImageStore {
    /// Takes a name from an image, and removes the image when that was its last. Answers what was untagged and deleted.
    public func remove(
        _ reference: String, force: Bool = false, noPrune: Bool = false
    ) async throws(EngineError) -> [ImageDeletion] {
        var named = try await named(reference)
        let image = named.image
        let usesOfIt = uses.filter { $0.imageID == image.id }
        var deletions: [ImageDeletion] = []
        var quiet = false
        if !Self.isID(reference, of: image) {
            let name = try Self.reference(reference).withDefaultTag
            if !force && Self.isSingle(named.names), let use = usesOfIt.first {
                throw .conflict(
                    "conflict: unable to remove repository reference \"\(reference)\" (must force) - container "
                        + "\(use.container.prefix(12)) is using its referenced image \(Self.short(image.id))")
            }
            deletions += try await untag([name], of: image)
            named.names.removeAll { $0 == name }
            // Digests that came with the tag go with it.
            if !named.names.contains(where: { $0.name == name.name && $0.tag != nil }) {
                let digests = named.names.filter { $0.name == name.name }
                deletions += try await untag(digests, of: image)
                named.names.removeAll { digests.contains($0) }
            }
            if !named.names.isEmpty { return deletions }
            quiet = true
        } else if Self.isSingle(named.names) {
            try checkConflict(image, names: [], usesOfIt, soft: !force, children: try await children(of: image))
            deletions += try await untag(named.names, of: image)
            named.names = []
        }
        do throws(EngineError) {
            try checkConflict(
                image, names: named.names, usesOfIt, soft: !force, children: try await children(of: image))
        } catch {
            guard quiet else { throw error }
            try await keepUnnamed(image)
            return deletions
        }
        deletions += try await untag(named.names, of: image)
        deletions += try await delete(image)
        if !noPrune { deletions += await pruneParents(of: image) }
        return deletions
    }

    private static func short(_ id: String) -> String { String(id.dropFirst(7).prefix(12)) }

    private static func isID(_ text: String, of image: StoredImage) -> Bool {
        image.id.hasPrefix(text) || image.id.dropFirst(7).hasPrefix(text)
    }

    /// At most one tag, and every name in one repository.
    private static func isSingle(_ names: [ImageReference]) -> Bool {
        names.count <= 1 || (names.filter { $0.tag != nil }.count <= 1 && Set(names.map(\.name)).count == 1)
    }

    private func children(of image: StoredImage) async throws(EngineError) -> Bool {
        try await all().contains { $0.image.parent == image.id }
    }

    private func checkConflict(
        _ image: StoredImage, names: [ImageReference], _ uses: [ImageUse], soft: Bool, children: Bool
    ) throws(EngineError) {
        func refuse(_ how: String, _ why: String) throws(EngineError) {
            throw .conflict("conflict: unable to delete \(Self.short(image.id)) (\(how)) - \(why)")
        }
        if children { try refuse("cannot be forced", "image has dependent child images") }
        if let use = uses.first(where: { $0.isRunning }) {
            try refuse("cannot be forced", "image is being used by running container \(use.container.prefix(12))")
        }
        guard soft else { return }
        if !names.isEmpty { try refuse("must be forced", "image is referenced in multiple repositories") }
        if let use = uses.first {
            try refuse("must be forced", "image is being used by stopped container \(use.container.prefix(12))")
        }
    }

    private func untag(
        _ names: [ImageReference], of image: StoredImage
    ) async throws(EngineError) -> [ImageDeletion] {
        var deletions: [ImageDeletion] = []
        defer { namesChanged() }
        for name in names {
            // Not the last record of the image yet: its placeholder or its other names keep it until `delete`.
            try await keep(image, losing: name.description)
            _ = try await found { () async throws(GRPCStatus) in try await client.images.delete(name.description) }
            var deletion = ImageDeletion()
            deletion.untagged = name.familiar
            deletions.append(deletion)
            publish("untag", image.id, name: image.id, image)
        }
        return deletions
    }

    /// Removes what is left of an image; content and snapshots go with the garbage collector, before this returns.
    private func delete(_ image: StoredImage) async throws(EngineError) -> [ImageDeletion] {
        defer { namesChanged() }
        let everything = try await all()
        let kept = Set(everything.filter { $0.image.id != image.id }.flatMap(\.image.chainIDs))
        for record in everything.first(where: { $0.image.id == image.id })?.records ?? [] {
            _ = try await found { () async throws(GRPCStatus) in try await client.images.delete(record, sync: true) }
        }
        forget(image.target.digest)
        publish("delete", image.id, name: image.id, image)
        var ids = [image.id]
        ids += image.chainIDs.reversed().filter { !kept.contains($0) }
        return ids.map { id in
            var deletion = ImageDeletion()
            deletion.deleted = id
            return deletion
        }
    }

    /// Images without a name that this one was committed from, and nothing else uses, go with it.
    private func pruneParents(of image: StoredImage) async -> [ImageDeletion] {
        var deletions: [ImageDeletion] = []
        var parent = image.parent
        while !parent.isEmpty {
            // A parent that is gone, named or used ends the line; none of it is an error of this removal.
            guard let named = try? await named(parent), named.names.isEmpty,
                !uses.contains(where: { $0.imageID == parent }),
                let hasChildren = try? await children(of: named.image), !hasChildren,
                // As above.
                let deleted = try? await delete(named.image)
            else { break }
            deletions += deleted
            parent = named.image.parent
        }
        return deletions
    }

    /// `docker image prune`: images without a name (or, with the filter dangling=false, all) that no container uses.
    public func prune(_ filters: Filters) async throws(EngineError) -> ImagesPruneReport {
        if let unknown = filters.unknown(among: ["dangling", "label", "label!", "until"]) {
            throw .invalid("invalid filter '\(unknown)'")
        }
        var onlyDangling = true
        if filters.contains("dangling") {
            let values = filters["dangling"]
            let no = values.contains { ["0", "false"].contains($0) }
            let yes = values.contains { ["1", "true"].contains($0) }
            if no == yes { throw .invalid("invalid filter 'dangling=[\(values.joined(separator: " "))]'") }
            onlyDangling = yes
        }
        var until: Timestamp?
        for text in filters["until"] {
            until = try Self.moment(text)
        }
        var report = ImagesPruneReport()
        var deletions: [ImageDeletion] = []
        let used = Set(uses.map(\.imageID))
        var wanted = try await all().filter { named in
            let labels = named.image.runConfig.labels ?? [:]
            if used.contains(named.image.id) || onlyDangling && !named.names.isEmpty { return false }
            if filters.contains("label!") && filters.matchLabels("label!", labels) { return false }
            if let until, named.image.created > until { return false }
            return filters.matchLabels("label", labels)
        }
        let before = try await layersSize()
        // What others were made upon goes after them.
        while !wanted.isEmpty {
            let parents = Set(try await all().map(\.image.parent))
            let free = wanted.filter { !parents.contains($0.image.id) }
            if free.isEmpty { break }
            for named in free {
                deletions += try await untag(named.names, of: named.image)
                deletions += try await delete(named.image)
            }
            wanted.removeAll { named in free.contains { $0.image.id == named.image.id } }
        }
        report.spaceReclaimed = UInt64(max(0, before - (try await layersSize())))
        report.imagesDeleted = deletions.isEmpty ? nil : deletions
        publish("prune", "", name: "", nil)
        return report
    }
}
