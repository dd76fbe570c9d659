internal import CLinux
internal import Linux

/// The folder of files and mounts that a daemon needs for a moment. Whatever lies there when a daemon starts was left
/// by one that was killed.
enum TemporaryFiles {
    /// Unmounts and removes all that is in the folder; `report` is told what cannot be. Blocks.
    static func clear(_ folder: String, report: (String) -> Void) {
        // A folder that is not there has nothing in it.
        for name in (try? Files.names(in: folder)) ?? [] {
            let path = folder + "/" + name
            // Most are no mount points, which is no error.
            for place in [path + "/m", path] { umount2(place, Int32(CL_MNT_DETACH) | Int32(CL_UMOUNT_NOFOLLOW)) }
            do throws(SystemCallError) {
                try Files.removeTree(path)
            } catch {
                report("cannot remove what an earlier daemon left: \(error.description)")
            }
        }
    }
}
