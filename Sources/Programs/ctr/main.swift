import CLinux
import CtrCommand
import Linux

exit(CtrCommand.main(Process.arguments))
