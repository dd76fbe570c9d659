public import EngineAPI
internal import OCIImage

extension ImageStore {
    /// Gives an image another name (`docker tag`).
    public func tag(_ source: String, repository: String, tag: String) async throws(EngineError) {
        let image = try await resolve(source)
        try await self.tag(image, Self.newName(repository: repository, tag: tag))
    }

    /// The name that a tag, commit or import request asks for.
    static func newName(repository: String, tag: String) throws(EngineError) -> ImageReference {
        let name = try reference(repository)
        guard name.digest == nil else { throw .invalid("refusing to create a tag with a digest reference") }
        guard !tag.isEmpty else { return name.withDefaultTag }
        guard ImageReference.isTag(tag) else { throw .invalid("invalid tag format") }
        return name.with(tag: tag)
    }

    func tag(_ image: StoredImage, _ name: ImageReference) async throws(EngineError) {
        try await self.name(image, name.description)
        try await dropPlaceholder(image)
        publish("tag", image.id, name: name.familiar, image)
    }
}
