extension Metadata {
    /// The tables. Statements are harmless when repeated; times are nanoseconds since 1970, labels JSON objects.
    static let schema = """
        CREATE TABLE IF NOT EXISTS namespaces(
            name TEXT PRIMARY KEY, labels TEXT NOT NULL) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS images(
            namespace TEXT NOT NULL, name TEXT NOT NULL, labels TEXT NOT NULL, media_type TEXT NOT NULL,
            digest TEXT NOT NULL, size INTEGER NOT NULL, annotations TEXT NOT NULL, created INTEGER NOT NULL,
            updated INTEGER NOT NULL, PRIMARY KEY(namespace, name)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS containers(
            namespace TEXT NOT NULL, id TEXT NOT NULL, labels TEXT NOT NULL, image TEXT NOT NULL,
            runtime TEXT NOT NULL, options_type TEXT, options BLOB, spec_type TEXT, spec BLOB,
            snapshotter TEXT NOT NULL, snapshot_key TEXT NOT NULL, created INTEGER NOT NULL,
            updated INTEGER NOT NULL, PRIMARY KEY(namespace, id)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS extensions(
            namespace TEXT NOT NULL, container TEXT NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL,
            value BLOB NOT NULL, PRIMARY KEY(namespace, container, name)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS content(
            namespace TEXT NOT NULL, digest TEXT NOT NULL, size INTEGER NOT NULL, labels TEXT NOT NULL,
            created INTEGER NOT NULL, updated INTEGER NOT NULL, PRIMARY KEY(namespace, digest)) WITHOUT ROWID;
        CREATE INDEX IF NOT EXISTS content_by_digest ON content(digest);
        CREATE TABLE IF NOT EXISTS ingests(
            number INTEGER PRIMARY KEY AUTOINCREMENT, namespace TEXT NOT NULL, ref TEXT NOT NULL,
            expected TEXT NOT NULL, total INTEGER NOT NULL, expires INTEGER, started INTEGER NOT NULL,
            updated INTEGER NOT NULL, UNIQUE(namespace, ref));
        CREATE TABLE IF NOT EXISTS snapshots(
            id INTEGER PRIMARY KEY AUTOINCREMENT, namespace TEXT NOT NULL, snapshotter TEXT NOT NULL,
            name TEXT NOT NULL, parent INTEGER REFERENCES snapshots(id), kind INTEGER NOT NULL, labels TEXT NOT NULL,
            size INTEGER NOT NULL, inodes INTEGER NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL,
            UNIQUE(namespace, snapshotter, name));
        CREATE INDEX IF NOT EXISTS snapshots_by_parent ON snapshots(parent);
        CREATE TABLE IF NOT EXISTS leases(
            namespace TEXT NOT NULL, id TEXT NOT NULL, labels TEXT NOT NULL, created INTEGER NOT NULL,
            PRIMARY KEY(namespace, id)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS lease_resources(
            namespace TEXT NOT NULL, lease TEXT NOT NULL, type TEXT NOT NULL, id TEXT NOT NULL,
            PRIMARY KEY(namespace, lease, type, id)) WITHOUT ROWID;

        """
}
