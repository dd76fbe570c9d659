internal import EngineAPI

/// Names that users give to containers, and those made up for them.
enum ContainerNames {
    /// `[a-zA-Z0-9][a-zA-Z0-9_.-]+`, one leading slash allowed.
    static func validated(_ name: String) throws(EngineError) -> String {
        let bare = name.hasPrefix("/") ? String(name.dropFirst()) : name
        let bytes = Array(bare.utf8)
        let isValid =
            bytes.count >= 2 && isAlphanumeric(bytes[0])
            && bytes.allSatisfy { isAlphanumeric($0) || $0 == 95 || $0 == 46 || $0 == 45 }
        if isValid { return bare }
        throw .invalid("Invalid container name (\(name)), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed")
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
    }

    /// "adjective_shipword", with a digit after the first tries.
    static func random(attempt: Int) -> String {
        let name = pick(adjectives) + "_" + pick(nouns)
        return attempt == 0 ? name : name + String(Int.random(in: 0...9))
    }

    private static func pick(_ words: [String]) -> String { words[Int.random(in: 0..<words.count)] }

    private static let adjectives = [
        "amber", "ancient", "azure", "balmy", "blithe", "bold", "brave", "breezy", "bright", "brisk", "calm", "candid",
        "cheery", "clever", "coastal", "cobalt", "cosy", "crisp", "curious", "daring", "deft", "distant", "eager",
        "earnest", "faithful", "fearless", "fleet", "frosty", "gallant", "gentle", "glad", "golden", "graceful",
        "grand",
        "hardy", "hearty", "honest", "humble", "jolly", "keen", "kindly", "lively", "lofty", "loyal", "lucid", "mellow",
        "merry", "mighty", "misty", "modest", "nimble", "noble", "northern", "patient", "placid", "plucky", "proud",
        "quick", "quiet", "rapid", "ready", "restful", "robust", "rosy", "salty", "serene", "silent", "silver", "sleek",
        "southern", "stalwart", "steady", "sturdy", "sunny", "swift", "tidal", "tranquil", "trusty", "upbeat",
        "valiant",
        "vivid", "wandering", "warm", "watchful", "windy", "wise", "witty", "zesty",
    ]

    private static let nouns = [
        "anchor", "barge", "barque", "beacon", "bosun", "bow", "brig", "buoy", "cabin", "canal", "cape", "captain",
        "cargo",
        "chart", "clipper", "coaster", "compass", "coral", "corvette", "cove", "cutter", "deck", "delta", "dinghy",
        "dock",
        "dory", "estuary", "ferry", "fjord", "frigate", "galley", "gangway", "gull", "harbor", "hatch", "haven",
        "hawser",
        "helm", "hull", "island", "jetty", "kayak", "keel", "ketch", "lagoon", "lantern", "ledger", "lighthouse",
        "lugger",
        "marina", "mast", "mate", "mooring", "narwhal", "navigator", "oar", "packet", "pelican", "pier", "pilot",
        "port",
        "prow", "quay", "reef", "rigging", "rudder", "sail", "schooner", "sextant", "shoal", "skiff", "sloop", "spar",
        "starboard", "steamer", "stern", "strait", "tanker", "tender", "tide", "tiller", "topsail", "trawler", "tug",
        "voyage", "wharf", "winch", "windlass", "yawl",
    ]
}
