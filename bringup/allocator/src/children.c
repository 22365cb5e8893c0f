#include "children.h"

#include "out.h"
#include "text.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

pid_t start_child(void)
{
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) /* it ended before the call */
            _exit(1);
        out_forget();
    }
    return pid;
}

int open_after_exec(int fd)
{
    char number[16];
    int status;
    pid_t pid = start_child();
    if (pid == 0) {
        format_text(number, sizeof number, "%d", fd);
        execve("/proc/self/exe", (char *[]){"bringup-alloc", "--is-open", number, NULL}, environ);
        _exit(2);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) > 1)
        return -1;
    return WEXITSTATUS(status) == 0;
}
