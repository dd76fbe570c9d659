import CLinux
import ContainerdCommand
import Linux

exit(ContainerdCommand.main(Process.arguments))
