public import EngineAPI
internal import GoText
public import JSON
internal import OCIImage

extension ImageStore {
    /// Everything about an image, as `GET /images/NAME/json` answers it for an API of that minor version.
    public func inspect(_ reference: String, apiMinor: Int = 51) async throws(EngineError) -> JSON {
        let named = try await named(reference)
        let image = named.image
        var answer = ImageInspect()
        answer.id = image.id
        answer.repoTags = named.tags
        answer.repoDigests = named.digests
        answer.parent = image.parent
        answer.comment = image.config.raw["comment"]?.string ?? image.config.history.last?.comment ?? ""
        answer.created = image.config.created.isEmpty ? "0001-01-01T00:00:00Z" : image.config.created
        answer.dockerVersion = image.config.raw["docker_version"]?.string ?? ""
        answer.author = image.config.author
        answer.config = Self.configuration(image.runConfig, apiMinor)
        answer.architecture = image.config.platform.architecture
        answer.variant = image.config.platform.variant
        answer.os = image.config.platform.os.isEmpty ? "linux" : image.config.platform.os
        answer.osVersion = image.config.platform.osVersion
        answer.size = try await size(of: image)
        if apiMinor < 44 { answer.virtualSize = answer.size }
        answer.graphDriver.name = "overlayfs"
        answer.rootFS.type = "layers"
        answer.rootFS.layers = image.config.diffIDs
        answer.metadata.lastTagTime = named.updated.isZero ? "0001-01-01T00:00:00Z" : named.updated.description
        if apiMinor >= 48 { answer.descriptor = image.target.json }
        return apiMinor < 45 ? Self.withContainer(answer.json, image) : answer.json
    }

    /// From API 1.50 on only what an image can mean; before it the whole of a container's configuration.
    private static func configuration(_ config: ContainerConfig, _ apiMinor: Int) -> JSON {
        guard apiMinor >= 50, case .object(let all) = config.json else { return config.json }
        let kept: Set<String> = [
            "User", "ExposedPorts", "Env", "Entrypoint", "Cmd", "Volumes", "WorkingDir", "Labels", "StopSignal",
            "ArgsEscaped", "Healthcheck", "OnBuild", "Shell",
        ]
        let members = all.members.filter { member in
            guard kept.contains(member.name) else { return false }
            if member.value.isNull || member.value.string == "" { return false }
            return member.value.array?.isEmpty != true && member.value.object?.isEmpty != true
        }
        return .members(members.map { ($0.name, $0.value) })
    }

    /// "Container" and "ContainerConfig" of images that Docker committed, left out by newer APIs.
    private static func withContainer(_ json: JSON, _ image: StoredImage) -> JSON {
        guard case .object(let all) = json else { return json }
        let source = image.config.raw["container_config"]?.object ?? JSON.Object()
        // One that cannot be read is shown as empty.
        let config = (try? ContainerConfig(json: source)) ?? ContainerConfig()
        var members: [(String, JSON)] = []
        for member in all.members {
            if member.name == "DockerVersion" {
                members.append(("Container", .string(image.config.raw["container"]?.string ?? "")))
                members.append(("ContainerConfig", config.json))
            }
            members.append((member.name, member.value))
        }
        return .members(members)
    }

    /// The steps that made an image, the last first.
    public func history(_ reference: String) async throws(EngineError) -> [ImageHistoryItem] {
        let named = try await named(reference)
        let image = named.image
        var items: [ImageHistoryItem] = []
        var layer = 0
        for step in image.config.history {
            var item = ImageHistoryItem()
            item.id = "<missing>"
            item.created = Timestamp(rfc3339: step.created)?.seconds ?? 0
            item.createdBy = step.createdBy
            item.comment = step.comment
            if !step.emptyLayer {
                guard layer < image.chainIDs.count else {
                    throw .failed("too many non-empty layers in History section")
                }
                item.size = try await layerSize(image, layer)
                layer += 1
            }
            items.insert(item, at: 0)
        }
        if !items.isEmpty {
            items[0].id = image.id
            items[0].tags = named.tags.isEmpty ? nil : named.tags
        }
        return items
    }
}
