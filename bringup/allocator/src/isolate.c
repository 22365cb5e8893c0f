/* One test in one child: a crash, a hang or a leak in one test does not touch the next. */
#include "children.h"
#include "clock.h"
#include "errnos.h"
#include "heap.h"
#include "out.h"
#include "sys.h"
#include "text.h"
#include "trial.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Far above what any test takes; the test suite builds with less. */
#ifndef TEST_SECONDS
#define TEST_SECONDS 30u
#endif
#define DIE_MILLISECONDS 1000

_Static_assert(sizeof(struct verdict) <= 512, "written to a pipe in one piece (POSIX: 512 bytes are atomic)");

static void say(struct trial *trial, enum outcome outcome, int error, const char *format, va_list arguments)
{
    if (trial->verdict.outcome != OUTCOME_PASS)
        return; /* the first finding stands */
    trial->verdict.outcome = outcome;
    trial->verdict.error = error;
    format_list(trial->verdict.seen, sizeof trial->verdict.seen, format, arguments);
}

void fail(struct trial *trial, int error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(trial, OUTCOME_FAIL, error, format, arguments);
    va_end(arguments);
}

void warn(struct trial *trial, int error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(trial, OUTCOME_WARN, error, format, arguments);
    va_end(arguments);
}

void skip(struct trial *trial, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(trial, OUTCOME_SKIP, 0, format, arguments);
    va_end(arguments);
}

void cannot_tell(struct trial *trial, int error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(trial, OUTCOME_ERROR, error, format, arguments);
    va_end(arguments);
}

/* Heaps came with 5.6, so what is younger than a kernel is missed by ION alone. */
static bool kernel_is(unsigned since)
{
    unsigned version[3];
    return !sys_kernel(version) || SINCE(version[0], version[1]) >= since;
}

/* Why the test does not apply to this heap at this moment, if so. */
static void check_needs(struct trial *trial, const struct test *test)
{
    const struct heap *heap = trial->heap;
    uint64_t needs = bytes_of(trial, test->needs);
    if (test->since && !kernel_is(test->since))
        skip(trial, "kernels before %u.%u do not have it", test->since >> 8, test->since & 0xff);
    else if (test->maps && heap->is_protected)
        skip(trial, "protected heap: no CPU mapping");
    else if (needs && !heap->free_known)
        cannot_tell(trial, 0, "how much memory is free for this heap is not known");
    else if (needs > heap->limit)
        skip(trial, "needs %llu bytes; at most %llu may be held (%s is %llu bytes, half of it or the plan's budget)",
             (unsigned long long)needs, (unsigned long long)heap->limit, heap->cma ? "CmaFree" : "MemFree",
             (unsigned long long)heap->free);
}

static void try_test(struct trial *trial, const struct test *test)
{
    if (!test->opens) {
        trial->fd = heap_open(trial->heap);
        if (trial->fd < 0) {
            skip(trial, "the heap does not open: %s", errno_name(errno));
            return;
        }
    }
    check_needs(trial, test);
    if (trial->verdict.outcome == OUTCOME_PASS)
        test->run(trial, test->argument);
}

static void child(const struct test *test, const struct heap *heap, int report)
{
    struct trial trial = {.heap = heap, .fd = -1};
    uint64_t begun = now_ns();
    try_test(&trial, test);
    trial.verdict.ns = now_ns() - begun;
    _exit(write(report, &trial.verdict, sizeof trial.verdict) == (ssize_t)sizeof trial.verdict ? 0 : 1);
}

static void set_error(struct verdict *verdict, int error, const char *format, ...)
{
    va_list arguments;
    *verdict = (struct verdict){.outcome = OUTCOME_ERROR, .error = error};
    va_start(arguments, format);
    format_list(verdict->seen, sizeof verdict->seen, format, arguments);
    va_end(arguments);
}

static bool wait_for(pid_t pid, int *status)
{
    uint64_t ends_at = now_ns() + DIE_MILLISECONDS * 1000000ull;
    pid_t ended;
    while ((ended = waitpid(pid, status, WNOHANG)) == 0 && now_ns() < ends_at)
        poll(NULL, 0, 1);
    return ended == pid;
}

/* The child's verdict, or what became of the child. */
static void collect(int fd, pid_t pid, struct verdict *verdict)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    uint64_t begun = now_ns(), ends_at = begun + TEST_SECONDS * 1000000000ull;
    int status = 0;
    while (poll(&ready, 1, milliseconds_until(ends_at)) < 0 && errno == EINTR)
        ;
    bool answered = ready.revents && read(fd, verdict, sizeof *verdict) == (ssize_t)sizeof *verdict;
    kill(pid, SIGKILL);
    bool died = wait_for(pid, &status);
    if (answered)
        return;
    if (!died)
        set_error(verdict, ETIMEDOUT, "no end within %u s, and it does not die: it sleeps in the kernel", TEST_SECONDS);
    else if (!ready.revents)
        set_error(verdict, ETIMEDOUT, "no end within %u s", TEST_SECONDS);
    else if (WIFSIGNALED(status))
        set_error(verdict, 0, "the test was killed by signal %d", WTERMSIG(status));
    else
        set_error(verdict, 0, "the test ended without an answer, status %d", WEXITSTATUS(status));
    verdict->ns = now_ns() - begun;
}

void heap_run_test(const struct test *test, const struct heap *heap, struct verdict *verdict)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0) {
        set_error(verdict, errno, "no pipe: %s", errno_name(errno));
        return;
    }
    pid_t pid = start_child();
    if (pid == 0)
        child(test, heap, fds[1]);
    int error = errno;
    close(fds[1]);
    if (pid < 0)
        set_error(verdict, error, "no process: %s", errno_name(error));
    else
        collect(fds[0], pid, verdict);
    close(fds[0]);
}
