/// What the program does, behind its main.
public enum DockerdCommand {
    /// Runs the program and returns its exit status.
    public static func main(_ arguments: [String]) -> Int32 { 1 }
}
