internal import EngineAPI
internal import GoTemplate
internal import Linux
internal import RegularExpressions

/// What of a container its log records may carry.
public struct LogSubject: Sendable {
    public var id: String
    /// Without the leading slash.
    public var name: String
    public var imageID = ""
    public var imageName = ""
    /// The program and its arguments.
    public var command: [String] = []
    public var labels: [String: String] = [:]
    /// NAME=value.
    public var environment: [String] = []

    public init(id: String, name: String) {
        self.id = id
        self.name = name
    }
}

extension LogConfiguration {
    /// The attributes of every record, by name.
    func attributes(of subject: LogSubject) throws(EngineError) -> [String: String] {
        guard driver == "json-file" else { return [:] }
        let variables = subject.environment.compactMap { entry -> (String, String)? in
            let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return parts.count == 2 ? (String(parts[0]), String(parts[1])) : nil
        }
        var found: [String: String] = [:]
        try take(subject.labels.map { ($0.key, $0.value) }, "labels", into: &found)
        try take(variables, "env", into: &found)
        let tag = options["tag"] ?? ""
        if !tag.isEmpty { found["tag"] = try expanded(tag, subject) }
        return found
    }

    /// Those of `pairs` whose names the option lists, or match the expression of its "-regex" sister.
    private func take(
        _ pairs: [(String, String)], _ option: String, into found: inout [String: String]
    ) throws(EngineError) {
        let listed = Set((options[option] ?? "").split(separator: ",").map { String($0) })
        let text = options[option + "-regex"] ?? ""
        do throws(RegularExpressionError) {
            let expression = text.isEmpty ? nil : try RegularExpression(text)
            for (name, value) in pairs where listed.contains(name) || expression?.matches(name) == true {
                found[name] = value
            }
        } catch {
            throw .failed(error.description)
        }
    }

    private func expanded(_ tag: String, _ subject: LogSubject) throws(EngineError) -> String {
        do throws(TemplateFailure) {
            return try Template(tag, name: "log-tag").execute(.object(TagSubject(subject, options)))
        } catch {
            throw .failed(error.message)
        }
    }
}

/// What a tag's template may name.
private final class TagSubject: TemplateObject {
    private let members: [String: Value]
    let typeName = "*logger.Info"

    init(_ subject: LogSubject, _ options: [String: String]) {
        let arguments = subject.command.dropFirst()
        members = [
            "ID": .string(String(subject.id.prefix(12))), "FullID": .string(subject.id),
            "Name": .string(subject.name), "ImageID": .string(String(subject.imageID.prefix(12))),
            "ImageFullID": .string(subject.imageID), "ImageName": .string(subject.imageName),
            "Command": .string(subject.command.joined(separator: " ")), "Hostname": .string(Self.hostname),
            "ContainerID": .string(subject.id), "ContainerName": .string("/" + subject.name),
            "ContainerEntrypoint": .string(subject.command.first ?? ""),
            "ContainerArgs": .list(arguments.map { .string($0) }), "ContainerImageID": .string(subject.imageID),
            "ContainerImageName": .string(subject.imageName),
            "ContainerEnv": .list(subject.environment.map { .string($0) }),
            "ContainerLabels": .map(subject.labels.mapValues { .string($0) }), "DaemonName": .string("docker"),
            "Config": .map(options.mapValues { .string($0) }),
        ]
    }

    /// The machine's, not the container's.
    private static var hostname: String {
        // Without /proc nothing runs here.
        String((try? Files.readText("/proc/sys/kernel/hostname"))?.split(separator: "\n").first ?? "")
    }

    func member(_ name: String, _ arguments: [Value]) throws(TemplateFailure) -> Value? { members[name] }
}
