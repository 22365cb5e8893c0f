/* The fact `ran`: a program that is run without a shell, with a time limit, and its output. */
#include "children.h"
#include "clock.h"
#include "errnos.h"
#include "facts.h"
#include "out.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEFAULT_PATH "/system/bin:/vendor/bin:/usr/bin:/bin"
/* How long a child that has ended may leave its output open in another process. */
#define LINGER_NS 200000000u

struct capture {
    int fd;
    uint8_t *bytes;
    uint64_t size;
    uint64_t max;
};

struct run {
    pid_t pid;
    struct capture output[2]; /* standard output, standard error */
    int exec_error_fd;
    int error;
    bool timed_out;
    bool truncated;
    int status;
};

/* Like execvp, which in some libcs gives what is no program to a shell. */
static void search_and_execute(char **argv)
{
    char path[PATH_MAX];
    const char *folder = getenv("PATH");
    if (strchr(argv[0], '/')) {
        execve(argv[0], argv, environ);
        return;
    }
    for (folder = folder ? folder : DEFAULT_PATH; *folder; folder += *folder == ':') {
        size_t size = strcspn(folder, ":");
        size_t name = strlen(argv[0]);
        if (size > 0 && size + 1 + name < sizeof path) {
            memcpy(path, folder, size);
            path[size] = '/';
            memcpy(path + size + 1, argv[0], name + 1);
            execve(path, argv, environ);
            if (errno != ENOENT && errno != ENOTDIR)
                return;
        }
        folder += size;
    }
    errno = ENOENT;
}

static void child(char **argv, int output, int error, int report)
{
    int null = open("/dev/null", O_RDONLY);
    int failure;
    setsid();
    signal(SIGPIPE, SIG_DFL);
    if (null >= 0)
        dup2(null, STDIN_FILENO);
    else
        close(STDIN_FILENO);
    if (dup2(output, STDOUT_FILENO) >= 0 && dup2(error, STDERR_FILENO) >= 0)
        search_and_execute(argv);
    failure = errno;
    if (write(report, &failure, sizeof failure) != (ssize_t)sizeof failure)
        _exit(126);
    _exit(127);
}

static void close_all(const int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

/* Pipes: output, error, exec failure; read end then write end each. */
static int start(struct run *run, char **argv)
{
    int pipes[6] = {-1, -1, -1, -1, -1, -1};
    for (int i = 0; i < 6; i += 2) {
        if (pipe2(pipes + i, O_CLOEXEC) != 0) {
            int error = errno;
            close_all(pipes, 6);
            return error;
        }
    }
    out_flush();
    run->pid = start_child();
    if (run->pid == 0)
        child(argv, pipes[1], pipes[3], pipes[5]);
    int error = run->pid < 0 ? errno : 0;
    close_all((const int[]){pipes[1], pipes[3], pipes[5]}, 3);
    if (error) {
        close_all((const int[]){pipes[0], pipes[2], pipes[4]}, 3);
        return error;
    }
    run->output[0].fd = pipes[0];
    run->output[1].fd = pipes[2];
    run->exec_error_fd = pipes[4];
    fcntl(pipes[4], F_SETFL, O_NONBLOCK);
    return 0;
}

/* Takes what is there, keeps what fits, drops the rest: a child must never block on a full pipe. */
static void drain(struct run *run, struct capture *to)
{
    static uint8_t piece[16384];
    ssize_t done = read(to->fd, piece, sizeof piece);
    if (done < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (done <= 0) {
        close(to->fd);
        to->fd = -1;
        return;
    }
    uint64_t room = to->max - to->size;
    uint64_t kept = (uint64_t)done < room ? (uint64_t)done : room;
    memcpy(to->bytes + to->size, piece, kept);
    to->size += kept;
    run->truncated = run->truncated || kept < (uint64_t)done;
}

/* Whether the child has ended. It stays a zombie, so that its process group keeps its number until it is killed. */
static bool has_ended(const struct run *run)
{
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)run->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == run->pid;
}

static bool outputs_open(const struct run *run)
{
    return run->output[0].fd >= 0 || run->output[1].fd >= 0;
}

/* Until the child has ended and both outputs are drained, or until `ends_at`. */
static void attend(struct run *run, uint64_t ends_at)
{
    bool ended = false;
    while (!(ended = ended || has_ended(run)) || outputs_open(run)) {
        struct pollfd ready[2] = {
            {.fd = run->output[0].fd, .events = POLLIN},
            {.fd = run->output[1].fd, .events = POLLIN},
        };
        uint64_t now = now_ns();
        if (ended && ends_at > now + LINGER_NS)
            ends_at = now + LINGER_NS;
        if (now >= ends_at) {
            run->timed_out = !ended;
            return;
        }
        int wait = milliseconds_until(ends_at);
        /* A closed output says nothing about the child's end, so that is looked at from time to time. */
        int often = outputs_open(run) ? 20 : 1;
        poll(ready, 2, wait < often ? wait : often);
        for (int i = 0; i < 2; i++)
            if (ready[i].fd >= 0 && ready[i].revents)
                drain(run, &run->output[i]);
    }
}

/* The child led its group: what it left behind ends with it. False: it does not die (it sleeps in the kernel). */
static bool end_group(struct run *run)
{
    kill(-run->pid, SIGKILL);
    kill(run->pid, SIGKILL);
    for (int tries = 0; tries < 50; tries++) {
        if (waitpid(run->pid, &run->status, WNOHANG) == run->pid)
            return true;
        poll(NULL, 0, 20);
    }
    return false;
}

static void report(const struct run *run, char **argv, bool ended)
{
    out_begin("ran");
    out_list_begin("argv");
    for (char **argument = argv; *argument; argument++)
        out_string(NULL, *argument);
    out_list_end();
    out_string("state", run->timed_out ? "timeout" : state_of(run->error));
    out_number("errno", run->error);
    if (ended && WIFEXITED(run->status))
        out_number("exit", WEXITSTATUS(run->status));
    else
        out_null("exit");
    if (ended && WIFSIGNALED(run->status))
        out_number("signal", WTERMSIG(run->status));
    else
        out_null("signal");
    for (int i = 0; i < 2; i++) {
        out_base64_begin(i ? "stderr" : "stdout");
        out_base64_add(run->output[i].bytes, (size_t)run->output[i].size);
        out_base64_end();
    }
    out_bool("truncated", run->truncated);
    out_end();
}

void fact_run(uint64_t milliseconds, uint64_t max, char **argv)
{
    struct run run = {.exec_error_fd = -1, .output = {{.fd = -1, .max = max}, {.fd = -1, .max = max}}};
    bool ended = false;
    uint8_t *memory = mmap(NULL, max * 2, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    run.error = memory == MAP_FAILED ? errno : 0;
    if (!run.error) {
        run.output[0].bytes = memory;
        run.output[1].bytes = memory + max;
        run.error = start(&run, argv);
    }
    if (!run.error) {
        int failure;
        attend(&run, now_ns() + milliseconds * 1000000u);
        ended = end_group(&run);
        if (read(run.exec_error_fd, &failure, sizeof failure) == (ssize_t)sizeof failure) {
            run.error = failure;
            ended = false;
        }
    }
    report(&run, argv, ended);
    close_all((const int[]){run.output[0].fd, run.output[1].fd, run.exec_error_fd}, 3);
    if (memory != MAP_FAILED)
        munmap(memory, max * 2);
}
