internal import Archive
internal import ByteStream
internal import CLinux
internal import Compression
internal import Linux
internal import Workers

/// Compresses the rotated files of a log, one after another, beside its writing.
enum LogCompressor {
    /// Goes through the files that are not compressed yet, unless that is being done already.
    static func start(_ log: ContainerLog) {
        let isNeeded = log.withFiles { files in
            guard !files.isCompressing, files.uncompressed() != nil else { return false }
            files.isCompressing = true
            return true
        }
        if isNeeded { Workers.thread(name: "log gzip") { compressAll(log) } }
    }

    private static func compressAll(_ log: ContainerLog) {
        while true {
            let next = log.withFiles { files -> Descriptor? in
                let next = files.uncompressed()
                if next == nil { files.isCompressing = false }
                return next
            }
            guard let next else { return }
            let made = log.location.path + ".gz.tmp"
            do {
                var status = stat()
                fstat(next.number, &status)
                let inode = UInt64(status.st_ino)
                let target = try Descriptor.open(made, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o640)
                let deflater = try Deflater(DescriptorSink(target))
                _ = try DescriptorSource(next).copy(to: deflater)
                try deflater.finish()
                try log.withFiles { files throws(SystemCallError) in try files.replace(inode: inode, by: made) }
            } catch {
                // The file stays as it is, and readers take it so.
                unlink(made)
                log.withFiles { $0.isCompressing = false }
                return
            }
        }
    }
}
