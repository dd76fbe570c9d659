internal import EngineAPI
internal import Linux
internal import Volumes
internal import Workers

extension Engine {
    /// All mounts of a new container: other containers' volumes, binds, mounts in the long form, the image's volumes.
    /// What fails halfway leaves no volume referred to.
    func resolveMounts(_ record: ContainerRecord) async throws(EngineError) -> [StoredMount] {
        var plan = MountPlan(record)
        for text in record.hostConfig.volumesFrom ?? [] {
            let (name, mode) = try MountParser.volumesFrom(text)
            try plan.inherit(partner(name).record.mounts, mode: mode)
        }
        try plan.addOwn()
        let wanted = plan.mounts
        if !wanted.contains(where: { $0.type == "volume" }) { return wanted }
        let volumes = volumes
        return try await Workers.shared.run { () throws(EngineError) in
            try Engine.makeVolumes(wanted, for: record.id, volumes)
        }
    }

    private static func makeVolumes(
        _ mounts: [StoredMount], for id: String, _ volumes: VolumeStore
    ) throws(EngineError) -> [StoredMount] {
        var made: [StoredMount] = []
        do throws(EngineError) {
            for mount in mounts {
                var complete = mount
                if mount.type == "volume" { try makeVolume(&complete, for: id, volumes) }
                made.append(complete)
            }
            return made
        } catch {
            for mount in made where mount.type == "volume" {
                volumes.unrefer(mount.name, from: id, removingAnonymous: true)
            }
            throw error
        }
    }

    private static func makeVolume(
        _ mount: inout StoredMount, for id: String, _ volumes: VolumeStore
    ) throws(EngineError) {
        var request = VolumeCreateRequest()
        request.name = mount.name
        request.driver = mount.driver == "local" ? "" : mount.driver
        if let options = mount.specification.volumeOptions {
            request.labels = options.labels
            request.driverOpts = options.driverConfig?.options ?? [:]
        }
        let volume = try volumes.create(request, for: id)
        mount.isAnonymous = mount.name.isEmpty
        mount.name = volume.name
        mount.driver = volume.driver
        mount.source = volume.mountpoint
        try volumes.refer(volume.name, from: id)
        let subpath = mount.specification.volumeOptions?.subpath ?? ""
        if !subpath.isEmpty { mount.source += "/" + Files.cleaned(subpath) }
    }
}

/// Collects a container's mounts; a destination is taken once.
private struct MountPlan {
    let record: ContainerRecord
    private(set) var mounts: [StoredMount] = []

    init(_ record: ContainerRecord) { self.record = record }

    private func position(of destination: String) -> Int? { mounts.firstIndex { $0.destination == destination } }

    mutating func inherit(_ others: [StoredMount], mode: String) throws(EngineError) {
        for other in others where other.type != "tmpfs" {
            var mount = other
            mount.isWritable = other.isWritable && !mode.split(separator: ",").contains("ro")
            mount.isAnonymous = false
            mount.copiesImageContent = false
            if let index = position(of: mount.destination) { mounts[index] = mount } else { mounts.append(mount) }
        }
    }

    mutating func addOwn() throws(EngineError) {
        let inherited = mounts.map(\.destination)
        var taken: Set<String> = []
        func take(_ destination: String) throws(EngineError) {
            guard taken.insert(destination).inserted, record.hostConfig.tmpfs[destination] == nil else {
                throw .invalid("Duplicate mount point: " + destination)
            }
        }
        for text in record.hostConfig.binds ?? [] {
            var mount = try MountParser.bind(text, volumeDriver: record.hostConfig.volumeDriver)
            try take(mount.destination)
            if mount.type == "volume" && mount.mode.isEmpty { mount.mode = "z" }
            replace(mount, inherited)
        }
        for specification in record.hostConfig.mounts {
            var mount = try MountParser.mount(specification)
            try take(mount.destination)
            if mount.type == "volume" && !mount.name.isEmpty { mount.mode = "z" }
            replace(mount, inherited)
        }
        for path in record.config.volumes?.sorted() ?? [] {
            let destination = Files.cleaned(path)
            if destination == "/" { throw .invalid("invalid specification: destination can't be '/'") }
            if !destination.hasPrefix("/") {
                throw .invalid(
                    "invalid volume specification: '\(path)': invalid mount path: '\(path)' mount path must be"
                        + " absolute")
            }
            if position(of: destination) != nil || record.hostConfig.tmpfs[destination] != nil { continue }
            var mount = StoredMount(type: "volume", destination: destination)
            mount.driver = "local"
            mount.copiesImageContent = true
            mounts.append(mount)
        }
    }

    private mutating func replace(_ mount: StoredMount, _ inherited: [String]) {
        if inherited.contains(mount.destination), let index = position(of: mount.destination) {
            mounts[index] = mount
        } else {
            mounts.append(mount)
        }
    }
}
