import CLinux
import DockerdCommand
import Linux

exit(DockerdCommand.main(Process.arguments))
