import CLinux
import ShimCommand
import Linux

exit(ShimCommand.main(Process.arguments))
