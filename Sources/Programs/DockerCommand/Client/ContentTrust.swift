internal import Flags
internal import Linux

/// Signed images need a notary, whose protocol is not spoken here: who asks for them is told so.
extension FlagSet {
    private static let contentTrustFlag = "disable-content-trust"

    /// `--disable-content-trust`; DOCKER_CONTENT_TRUST turns its default around.
    @discardableResult
    func contentTrust(_ usage: String) -> Flag<Bool> {
        let isWanted = Process.environment("DOCKER_CONTENT_TRUST").flatMap { parseBool($0) } ?? false
        return bool(Self.contentTrustFlag, usage: usage, default: !isWanted)
    }

    /// Whether the command must only take signed images.
    fileprivate var wantsContentTrust: Bool { (named(Self.contentTrustFlag) as? Flag<Bool>)?.value == false }
}

extension Command {
    func refuseContentTrust() throws(CommandFailure) {
        if flags.wantsContentTrust {
            throw CommandFailure("content trust is not supported: use --disable-content-trust to go on without it")
        }
    }
}
