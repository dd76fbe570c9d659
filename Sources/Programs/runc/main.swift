import CLinux
import Linux
import RuncCommand

exit(RuncCommand.main(Process.arguments))
