/* Processes that the program starts. */
#include "children.h"

#include "clock.h"
#include "out.h"
#include "text.h"

#include <poll.h>
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

bool end_child(pid_t pid, uint64_t milliseconds, int *status)
{
    uint64_t ends_at = now_ns() + milliseconds * 1000000u;
    pid_t ended;
    while ((ended = waitpid(pid, status, WNOHANG)) == 0) {
        uint64_t now = now_ns();
        if (now >= ends_at + DIE_MILLISECONDS * 1000000ull)
            return false;
        if (now >= ends_at)
            kill(pid, SIGKILL);
        poll(NULL, 0, 1);
    }
    return ended == pid;
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
