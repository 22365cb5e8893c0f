#include "children.h"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

void end_with(pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) /* it ended before the call */
        _exit(1);
}
