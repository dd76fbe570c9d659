import CLinux
import Linux
import ShimCommand

exit(ShimCommand.main(Process.arguments))
