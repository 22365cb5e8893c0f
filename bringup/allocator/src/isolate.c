/* One process per test: a crash, a hang or a leak in one test does not affect the next. */
#include "children.h"
#include "clock.h"
#include "errnos.h"
#include "heap.h"
#include "out.h"
#include "sys.h"
#include "text.h"
#include "heap_test.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Far above what any test takes; the test suite builds with less. */
#ifndef TEST_SECONDS
#define TEST_SECONDS 30u
#endif

_Static_assert(sizeof(struct verdict) <= 512, "written to a pipe in one piece (POSIX: 512 bytes are atomic)");

static void say(struct test_run *run, enum outcome outcome, int error, const char *format, va_list arguments)
{
    if (run->verdict.outcome != OUTCOME_PASS)
        return; /* the first failure counts */
    run->verdict.outcome = outcome;
    run->verdict.error = error;
    format_list(run->verdict.seen, sizeof run->verdict.seen, format, arguments);
}

void fail(struct test_run *run, int error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(run, OUTCOME_FAIL, error, format, arguments);
    va_end(arguments);
}

void warn(struct test_run *run, int error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(run, OUTCOME_WARN, error, format, arguments);
    va_end(arguments);
}

void skip(struct test_run *run, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(run, OUTCOME_SKIP, 0, format, arguments);
    va_end(arguments);
}

void cannot_tell(struct test_run *run, int error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(run, OUTCOME_ERROR, error, format, arguments);
    va_end(arguments);
}

/* Heaps came with 5.6, and no test asks for anything newer: only ION runs on older kernels. */
static bool kernel_is(unsigned since)
{
    unsigned version[3];
    return !sys_kernel(version) || SINCE(version[0], version[1]) >= since;
}

/* Sets the verdict where the test cannot be run on this heap now. */
static void check_needs(struct test_run *run, const struct test *test)
{
    const struct heap *heap = run->heap;
    uint64_t needs = bytes_of(run, test->needs);
    if (test->since && !kernel_is(test->since))
        skip(run, "kernels before %u.%u do not have it", test->since >> 8, test->since & 0xff);
    else if (test->maps && heap->is_protected)
        skip(run, "protected heap: no CPU mapping");
    else if (needs && !heap->free_known)
        cannot_tell(run, 0, "how much memory is free for this heap cannot be read");
    else if (needs > heap->limit)
        skip(run, "needs %llu bytes; at most %llu may be held (%s is %llu bytes, half of it or the plan's budget)",
             (unsigned long long)needs, (unsigned long long)heap->limit,
             heap->spare < heap->free ? "MemAvailable less what stays free"
             : heap->cma              ? "CmaFree"
                                      : "MemFree",
             (unsigned long long)heap->spare);
}

static void try_test(struct test_run *run, const struct test *test)
{
    if (!test->opens) {
        run->fd = heap_open(run->heap);
        if (run->fd < 0) {
            skip(run, "the heap does not open: %s", errno_name(errno));
            return;
        }
    }
    check_needs(run, test);
    if (run->verdict.outcome == OUTCOME_PASS)
        test->function(run);
}

static void child(const struct test *test, const struct heap *heap, int report)
{
    struct test_run run = {.heap = heap, .fd = -1, .argument = test->argument};
    uint64_t begun = now_ns();
    try_test(&run, test);
    run.verdict.ns = now_ns() - begun;
    _exit(write(report, &run.verdict, sizeof run.verdict) == (ssize_t)sizeof run.verdict ? 0 : 1);
}

static void set_error(struct verdict *verdict, int error, const char *format, ...)
{
    va_list arguments;
    *verdict = (struct verdict){.outcome = OUTCOME_ERROR, .error = error};
    va_start(arguments, format);
    format_list(verdict->seen, sizeof verdict->seen, format, arguments);
    va_end(arguments);
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
    bool died = end_child(pid, 0, &status);
    if (answered)
        return;
    if (!died)
        set_error(verdict, ETIMEDOUT, "did not end within %u s and cannot be killed: it sleeps in the kernel", TEST_SECONDS);
    else if (!ready.revents)
        set_error(verdict, ETIMEDOUT, "did not end within %u s", TEST_SECONDS);
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
        set_error(verdict, errno, "pipe: %s", errno_name(errno));
        return;
    }
    pid_t pid = start_child();
    if (pid == 0)
        child(test, heap, fds[1]);
    int error = errno;
    close(fds[1]);
    if (pid < 0)
        set_error(verdict, error, "fork: %s", errno_name(error));
    else
        collect(fds[0], pid, verdict);
    close(fds[0]);
}
