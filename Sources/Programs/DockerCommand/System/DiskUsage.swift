internal import EngineClient
internal import Flags
internal import GoTemplate
internal import JSON
internal import Linux

func diskUsageCommand(_ session: Session) -> Command {
    Command("df", "[OPTIONS]", "Show docker disk usage", .none) { flags in
        let format = flags.formatFlag()
        let verbose = flags.bool("verbose", "v", usage: "Show detailed information on space usage")
        return performing { _ in
            let usage = DiskUsage(try session.client().get("/system/df"))
            if verbose.value && (format.value.isEmpty || format.value == "table") {
                Console.out(try usage.details())
            } else if verbose.value {
                Console.out(try usage.details(format: format.value))
            } else {
                Console.out(try usage.summary(format: format.value))
            }
            return 0
        }
    }
}

/// What the daemon's `/system/df` tells, as two kinds of tables.
private struct DiskUsage {
    private let images, containers, volumes, caches: [JSON]
    private let layers: Int
    private let cacheSize: Int

    init(_ answer: JSON) {
        images = answer["Images"]?.array ?? []
        containers = answer["Containers"]?.array ?? []
        volumes = answer["Volumes"]?.array ?? []
        caches = answer["BuildCache"]?.array ?? []
        layers = answer["LayersSize"]?.int ?? 0
        var size = 0
        for cache in caches where cache["Shared"]?.bool != true { size += cache["Size"]?.int ?? 0 }
        cacheSize = size
    }

    func summary(format: String) throws -> String {
        let table = Table(
            columns: "{{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}",
            headers: [
                "Type": "TYPE", "TotalCount": "TOTAL", "Active": "ACTIVE", "Size": "SIZE", "Reclaimable": "RECLAIMABLE",
            ],
            raw: "type: {{.Type}}\ntotal: {{.TotalCount}}\nactive: {{.Active}}\nsize: {{.Size}}\n"
                + "reclaimable: {{.Reclaimable}}\n")
        return try table.print([imageRow, containerRow, volumeRow, cacheRow], format: format)
    }

    private func row(_ type: String, _ goName: String, _ total: Int, _ active: Int, _ size: Int, _ reclaimable: String)
        -> Row
    {
        Row(
            "*formatter.diskUsage" + goName + "Context",
            [
                ("Type", .string(type)), ("TotalCount", .string(String(total))), ("Active", .string(String(active))),
                ("Size", .string(Human.size(Double(size)))), ("Reclaimable", .string(reclaimable)),
            ])
    }

    private func share(_ part: Int, of whole: Int) -> String {
        let text = Human.size(Double(part))
        return whole > 0 ? text + " (\(part * 100 / whole)%)" : text
    }

    private var imageRow: Row {
        var used = 0
        for image in images where (image["Containers"]?.int ?? 0) > 0 {
            let size = image["Size"]?.int ?? 0
            let shared = image["SharedSize"]?.int ?? -1
            if size != -1 && shared != -1 { used += size - shared }
        }
        let active = images.filter { ($0["Containers"]?.int ?? 0) > 0 }.count
        return row("Images", "Images", images.count, active, layers, share(max(0, layers - used), of: layers))
    }

    private func isActive(_ container: JSON) -> Bool {
        ["running", "paused", "restarting"].contains(container["State"]?.string ?? "")
    }

    private var containerRow: Row {
        let total = containers.reduce(0) { $0 + ($1["SizeRw"]?.int ?? 0) }
        let reclaimable = containers.filter { !isActive($0) }.reduce(0) { $0 + ($1["SizeRw"]?.int ?? 0) }
        return row(
            "Containers", "Containers", containers.count, containers.filter(isActive).count, total,
            share(reclaimable, of: total))
    }

    private var volumeRow: Row {
        func size(_ volume: JSON) -> Int { max(0, volume["UsageData"]?["Size"]?.int ?? 0) }
        func isUsed(_ volume: JSON) -> Bool { (volume["UsageData"]?["RefCount"]?.int ?? 0) > 0 }
        let total = volumes.reduce(0) { $0 + size($1) }
        let reclaimable = volumes.filter { !isUsed($0) }.reduce(0) { $0 + size($1) }
        return row(
            "Local Volumes", "Volumes", volumes.count, volumes.filter(isUsed).count, total,
            share(reclaimable, of: total))
    }

    private var cacheRow: Row {
        var used = 0
        for cache in caches where cache["InUse"]?.bool == true && cache["Shared"]?.bool != true {
            used += cache["Size"]?.int ?? 0
        }
        let active = caches.filter { $0["InUse"]?.bool == true }.count
        return row("Build Cache", "Builder", caches.count, active, cacheSize, Human.size(Double(cacheSize - used)))
    }

    // MARK: In detail

    func details() throws -> String {
        var text = "Images space usage:\n\n"
        text += try imageTable.print(imageRows(), format: "") + "\nContainers space usage:\n\n"
        text +=
            try containerTable.print(containers.map { containerDetail($0) }, format: "")
            + "\nLocal Volumes space usage:\n\n"
        text += try volumeUseTable.print(volumes.map { volumeListingRow($0) }, format: "")
        text += "\nBuild cache usage: " + Human.size(Double(cacheSize)) + "\n\n"
        return text + (try cacheTable.print(caches.map(cacheDetail), format: ""))
    }

    /// Everything as one object, by a format of the user's.
    func details(format: String) throws -> String {
        let parts = [
            ("Images", imageRows(truncates: false)),
            ("Containers", containers.map { containerDetail($0, truncates: false) }),
            ("Volumes", volumes.map { volumeListingRow($0) }), ("BuildCache", caches.map(cacheDetail)),
        ]
        if format == "raw" { return try rawDetails() }
        let text = format.hasPrefix("table") ? String(format.dropFirst(5).drop { $0 == " " }) : format
        if text == "json" || text == "{{json .}}" {
            return JSON.members(parts.map { ($0.0, .array($0.1.map { $0.json })) }).text() + "\n"
        }
        let whole = Row(
            "*formatter.diskUsageContext", parts.map { ($0.0, .list($0.1.map { .object($0) })) })
        let template = try parsed(unescaped(text))
        do throws(TemplateFailure) {
            return try template.execute(.object(whole))
        } catch {
            throw CommandFailure(error.message)
        }
    }

    /// Everything, one line for each property.
    private func rawDetails() throws -> String {
        var text = ""
        func add(_ type: String, _ table: Table, _ rows: [Row]) throws {
            for row in rows { text += "type: " + type + "\n" + (try table.print([row], format: "raw")) }
        }
        try add("Image", ImageListing(truncates: false, showsDigests: true).table, imageRows(truncates: false))
        let containerRows = containers.map { containerDetail($0, truncates: false) }
        try add("Container", ContainerListing(truncates: false, showsSize: true).table, containerRows)
        try add("Volume", volumeTable, volumes.map { volumeListingRow($0) })
        try add("Build Cache", cacheTable, caches.map(cacheDetail))
        return text
    }

    private var imageTable: Table {
        Table(
            columns:
                "{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}\t"
                + "{{.SharedSize}}\t{{.UniqueSize}}\t{{.Containers}}",
            headers: [
                "Repository": "REPOSITORY", "Tag": "TAG", "ID": "IMAGE ID", "CreatedSince": "CREATED", "Size": "SIZE",
                "SharedSize": "SHARED SIZE", "UniqueSize": "UNIQUE SIZE", "Containers": "CONTAINERS",
            ])
    }

    /// One row for each image, by the first of its names.
    private func imageRows(truncates: Bool = true) -> [Row] {
        images.compactMap { ImageListing(truncates: truncates, missingDigest: "").rows($0).first }
    }

    private var containerTable: Table {
        Table(
            columns:
                "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.LocalVolumes}}\t{{.Size}}\t"
                + "{{.RunningFor}}\t{{.Status}}\t{{.Names}}",
            headers: [
                "ID": "CONTAINER ID", "Image": "IMAGE", "Command": "COMMAND", "LocalVolumes": "LOCAL VOLUMES",
                "Size": "SIZE",
                "RunningFor": "CREATED", "Status": "STATUS", "Names": "NAMES",
            ])
    }

    /// Without the size of the image: it is counted above.
    private func containerDetail(_ container: JSON, truncates: Bool = true) -> Row {
        var object = container.object ?? JSON.Object()
        object["SizeRootFs"] = nil
        return ContainerListing(truncates: truncates).row(.object(object))
    }

    private var volumeUseTable: Table {
        Table(
            columns: "{{.Name}}\t{{.Links}}\t{{.Size}}",
            headers: ["Name": "VOLUME NAME", "Links": "LINKS", "Size": "SIZE"])
    }

    private var cacheTable: Table {
        Table(
            columns:
                "{{.ID}}\t{{.CacheType}}\t{{.Size}}\t{{.CreatedSince}}\t"
                + "{{.LastUsedSince}}\t{{.UsageCount}}\t{{.Shared}}",
            headers: [
                "ID": "CACHE ID", "CacheType": "CACHE TYPE", "Size": "SIZE", "CreatedSince": "CREATED",
                "LastUsedSince": "LAST USED", "UsageCount": "USAGE", "Shared": "SHARED",
            ])
    }

    private func cacheDetail(_ cache: JSON) -> Row {
        func ago(_ name: String) -> String {
            cache[name]?.string.flatMap { Moment($0) }.map { Human.ago($0.seconds) } ?? ""
        }
        let id = String((cache["ID"]?.string ?? "").prefix(12)) + (cache["InUse"]?.bool == true ? "*" : "")
        return Row(
            "*formatter.buildCacheContext",
            [
                ("ID", .string(id)), ("CacheType", .string(cache["Type"]?.string ?? "")),
                ("Size", .string(Human.size(Double(cache["Size"]?.int ?? 0), digits: 3))),
                ("CreatedSince", .string(ago("CreatedAt"))),
                ("LastUsedSince", .string(ago("LastUsedAt"))),
                ("UsageCount", .string(String(cache["UsageCount"]?.int ?? 0))),
                ("Shared", .string(cache["Shared"]?.bool == true ? "true" : "false")),
            ])
    }
}
