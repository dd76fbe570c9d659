internal import CLinux
internal import Linux

extension Files {
    /// Renames a file, replacing what is there.
    static func move(_ from: String, to path: String) throws(SystemCallError) {
        try checked("rename", path) { CLinux.rename(from, path) }
    }
}
