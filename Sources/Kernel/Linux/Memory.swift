internal import CLinux

/// The memory of a process that is idle most of its life.
public enum Memory {
    /// Keeps malloc to two arenas. Call before the first thread starts.
    public static func useFewArenas() { cl_use_few_arenas() }

    /// Gives back what is free of the heap, and the pages of the program's own code and constants: those that are
    /// needed again are mapped again from the page cache, 64 KiB a fault.
    public static func releaseIdle() { cl_release_idle_memory() }
}
