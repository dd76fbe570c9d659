import CLinux
import RuncCommand
import Linux

exit(RuncCommand.main(Process.arguments))
