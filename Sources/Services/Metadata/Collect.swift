internal import GoText
internal import SQLite

/// What a collection removed from the records; the bytes and directories are the caller's to remove.
public struct Collected: Sendable, Equatable {
    /// Digests that no namespace knows any more.
    public var digests: [String] = []
    public var ingests: [Int64] = []
    /// Snapshotter and directory.
    public var snapshots: [Snapshot] = []

    public struct Snapshot: Sendable, Equatable {
        public let snapshotter: String
        public let id: Int64
        public let namespace: String
        public let name: String
    }

    public var isEmpty: Bool { digests.isEmpty && ingests.isEmpty && snapshots.isEmpty }
}

extension Metadata {
    /// Removes what nothing refers to. Roots are images, containers, leases that have not expired, and what carries
    /// the label `containerd.io/gc.root`; references are labels `containerd.io/gc.ref.*` and snapshots' parents.
    public func collect(now: Nanoseconds = nanosecondsNow()) throws(ServiceError) -> Collected {
        try update { (transaction) throws(ServiceError) in
            var collection = Collection(now: now)
            try collection.dropExpiredLeases(transaction)
            try collection.load(transaction)
            try collection.markRoots(transaction)
            collection.spread()
            return try collection.sweep(transaction)
        }
    }
}

/// One run of mark and sweep, inside one transaction.
private struct Collection {
    enum Node: Hashable {
        case content(namespace: String, digest: String)
        case snapshot(namespace: String, snapshotter: String, name: String)
        case ingest(namespace: String, reference: String)
    }

    let now: Nanoseconds
    private var edges: [Node: [Node]] = [:]
    private var snapshotIds: [Node: Int64] = [:]
    private var ingestNumbers: [Node: Int64] = [:]
    private var marked: Set<Node> = []
    private var pending: [Node] = []

    init(now: Nanoseconds) { self.now = now }

    // MARK: What there is

    mutating func dropExpiredLeases(_ transaction: Transaction) throws(ServiceError) {
        let leases = try transaction.rows("SELECT namespace, id, labels FROM leases WHERE labels != ''") {
            ($0.text(0), $0.text(1), Labels(stored: $0.text(2)))
        }
        for (namespace, id, labels) in leases {
            guard let text = labels["containerd.io/gc.expire"], let expiry = Timestamp(rfc3339: text),
                expiry.totalNanoseconds <= now
            else {
                continue
            }
            for table in ["leases WHERE namespace = ? AND id = ?", "lease_resources WHERE namespace = ? AND lease = ?"]
            {
                try transaction.execute("DELETE FROM \(table)", [.text(namespace), .text(id)])
            }
        }
    }

    mutating func load(_ transaction: Transaction) throws(ServiceError) {
        let contents = try transaction.rows("SELECT namespace, digest, labels FROM content") {
            ($0.text(0), $0.text(1), Labels(stored: $0.text(2)))
        }
        for (namespace, digest, labels) in contents {
            add(.content(namespace: namespace, digest: digest), labels, namespace)
        }
        let snapshots = try transaction.rows(
            """
            SELECT s.namespace, s.snapshotter, s.name, s.id, p.name, s.labels
            FROM snapshots s LEFT JOIN snapshots p ON p.id = s.parent
            """
        ) { ($0.text(0), $0.text(1), $0.text(2), $0.int(3), $0.optionalText(4), Labels(stored: $0.text(5))) }
        for (namespace, snapshotter, name, id, parent, labels) in snapshots {
            let node = Node.snapshot(namespace: namespace, snapshotter: snapshotter, name: name)
            add(node, labels, namespace)
            snapshotIds[node] = id
            if let parent {
                edges[node, default: []].append(.snapshot(namespace: namespace, snapshotter: snapshotter, name: parent))
            }
        }
        let ingests = try transaction.rows("SELECT namespace, ref, number, expires, expected FROM ingests") {
            ($0.text(0), $0.text(1), $0.int(2), $0.optionalInt(3), $0.text(4))
        }
        for (namespace, reference, number, expires, expected) in ingests {
            let node = Node.ingest(namespace: namespace, reference: reference)
            edges[node] = expected.isEmpty ? [] : [.content(namespace: namespace, digest: expected)]
            ingestNumbers[node] = number
            if let expires, expires > now { mark(node) }
        }
    }

    private mutating func add(_ node: Node, _ labels: Labels, _ namespace: String) {
        edges[node] = labels.isEmpty ? [] : references(labels, namespace)
        if labels["containerd.io/gc.root"] != nil { mark(node) }
    }

    // MARK: Roots

    mutating func markRoots(_ transaction: Transaction) throws(ServiceError) {
        let images = try transaction.rows("SELECT namespace, digest, labels FROM images") {
            ($0.text(0), $0.text(1), Labels(stored: $0.text(2)))
        }
        for (namespace, digest, labels) in images {
            mark(.content(namespace: namespace, digest: digest))
            for node in references(labels, namespace) { mark(node) }
        }
        let containers = try transaction.rows("SELECT namespace, snapshotter, snapshot_key, labels FROM containers") {
            ($0.text(0), $0.text(1), $0.text(2), Labels(stored: $0.text(3)))
        }
        for (namespace, snapshotter, key, labels) in containers {
            if !key.isEmpty { mark(.snapshot(namespace: namespace, snapshotter: snapshotter, name: key)) }
            for node in references(labels, namespace) { mark(node) }
        }
        let leased = try transaction.rows(
            """
            SELECT r.namespace, r.type, r.id, l.labels FROM lease_resources r
            JOIN leases l ON l.namespace = r.namespace AND l.id = r.lease
            """
        ) { ($0.text(0), $0.text(1), $0.text(2), Labels(stored: $0.text(3))) }
        for (namespace, type, id, labels) in leased {
            let isFlat = labels["containerd.io/gc.flat"] != nil
            if let node = node(type, id, namespace) {
                if isFlat { marked.insert(node) } else { mark(node) }
            }
        }
        let leases = try transaction.rows("SELECT namespace, labels FROM leases WHERE labels != ''") {
            ($0.text(0), Labels(stored: $0.text(1)))
        }
        for (namespace, labels) in leases { for node in references(labels, namespace) { mark(node) } }
    }

    private func node(_ type: String, _ id: String, _ namespace: String) -> Node? {
        switch type {
        case "content": .content(namespace: namespace, digest: id)
        case "ingests": .ingest(namespace: namespace, reference: id)
        default:
            type.hasPrefix("snapshots/")
                ? .snapshot(namespace: namespace, snapshotter: String(type.dropFirst(10)), name: id) : nil
        }
    }

    /// What the labels of something keep: `gc.ref.content[.N]=DIGEST`, `gc.ref.snapshot.SNAPSHOTTER[/N]=NAME`.
    private func references(_ labels: Labels, _ namespace: String) -> [Node] {
        var found: [Node] = []
        for (key, value) in labels where key.hasPrefix("containerd.io/gc.ref.") {
            let rest = key.dropFirst("containerd.io/gc.ref.".count)
            if rest == "content" || rest.hasPrefix("content.") || rest.hasPrefix("content/") {
                found.append(.content(namespace: namespace, digest: value))
            } else if rest.hasPrefix("snapshot.") {
                let snapshotter = rest.dropFirst("snapshot.".count).prefix { $0 != "/" && $0 != "." }
                found.append(.snapshot(namespace: namespace, snapshotter: String(snapshotter), name: value))
            }
        }
        return found
    }

    // MARK: Mark and sweep

    private mutating func mark(_ node: Node) {
        if marked.insert(node).inserted {
            pending.append(node)
        } else if edges[node]?.isEmpty == false {
            pending.append(node)
        }
    }

    /// Follows references until there are no new ones. A node marked flat before may be reached again: its references
    /// count then.
    mutating func spread() {
        var followed: Set<Node> = []
        while let node = pending.popLast() {
            guard followed.insert(node).inserted else { continue }
            for next in edges[node] ?? [] where !followed.contains(next) {
                marked.insert(next)
                pending.append(next)
            }
        }
        keepParents()
    }

    /// A snapshot cannot be without its parents, even when only a flat lease keeps it.
    private mutating func keepParents() {
        var rest = marked.filter { if case .snapshot = $0 { true } else { false } }
        while let node = rest.popFirst() {
            for parent in edges[node] ?? [] {
                if case .snapshot = parent, marked.insert(parent).inserted { rest.insert(parent) }
            }
        }
    }

    func sweep(_ transaction: Transaction) throws(ServiceError) -> Collected {
        var removed = Collected()
        var digests: Set<String> = []
        var doomed: [(node: Node, id: Int64)] = []
        for node in edges.keys where !marked.contains(node) {
            switch node {
            case .content(let namespace, let digest):
                try transaction.execute(
                    "DELETE FROM content WHERE namespace = ? AND digest = ?", [.text(namespace), .text(digest)])
                digests.insert(digest)
            case .ingest(let namespace, let reference):
                try transaction.execute(
                    "DELETE FROM ingests WHERE namespace = ? AND ref = ?", [.text(namespace), .text(reference)])
                if let number = ingestNumbers[node] { removed.ingests.append(number) }
            case .snapshot: if let id = snapshotIds[node] { doomed.append((node, id)) }
            }
        }
        // A child is younger than its parent, so it has the greater number: children go first.
        for (node, id) in doomed.sorted(by: { $0.id > $1.id }) {
            guard case .snapshot(let namespace, let snapshotter, let name) = node else { continue }
            try transaction.execute("DELETE FROM snapshots WHERE id = ?", [.int(id)])
            removed.snapshots.append(.init(snapshotter: snapshotter, id: id, namespace: namespace, name: name))
        }
        for digest in digests.sorted()
        where !(try transaction.exists("SELECT 1 FROM content WHERE digest = ? LIMIT 1", [.text(digest)])) {
            removed.digests.append(digest)
        }
        return removed
    }
}
