/* The benchmark, one item of the plan at a time: every heap's operations at one size, by so many threads, in turn
 * with the process's own memory and files. A process of its own does it, and what it took is in memory shared with it:
 * a crash or a hang ends one item and leaves what was measured. */
#include "children.h"
#include "clock.h"
#include "errnos.h"
#include "heap.h"
#include "ion.h"
#include "out.h"
#include "plan.h"
#include "sys.h"
#include "text.h"
#include "timed.h"
#include "heap_test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_ORIGINS 48u
/* A turn of 64 MiB on a slow board, and more than that is a hang. */
#define MEASURE_GRACE_NS 30000000000ull
#define WARM_TURNS 4
#define SLOW_TIMES 3u
/* However little time it was given, less than this is not slow; the test suite builds with none. */
#ifndef SLOW_MILLISECONDS
#define SLOW_MILLISECONDS 1000u
#endif
#define MAX_SLOW 64u
#define SHORT_TURN_NS 10000000u

struct state {
    uint64_t size, rounds, ends_at;
    unsigned threads, origins;
    int current; /* which is at work, or -1 */
    bool stop;
    atomic_uint arrived, meeting;
    atomic_bool unfit; /* a thread has no memory */
    char why[MAX_ORIGINS + 1][200]; /* why one was not measured to its end; the last: none was */
    struct origin origin[MAX_ORIGINS];
    uint64_t samples[];
};
#define WHY_NONE MAX_ORIGINS

static struct state *state;
static cpu_set_t cpus;

static uint64_t *samples_of(unsigned origin, enum op op)
{
    return state->samples + (origin * (uint64_t)OPS + op) * state->rounds;
}

static void add_origin(const struct origin *origin, uint64_t limit)
{
    if (state->origins == MAX_ORIGINS)
        return;
    char *why = state->why[state->origins];
    struct origin *added = &state->origin[state->origins++];
    uint64_t each = state->size * state->threads;
    *added = *origin;
    added->buffers = limit / each;
    for (enum op op = 0; op <= OP_FREE; op++)
        added->batch[op] = 1;
    if (added->fd < 0)
        format_text(why, sizeof state->why[0], "it does not open: %s", errno_name(errno));
    else if (added->buffers == 0)
        format_text(why, sizeof state->why[0], "needs %llu bytes; at most %llu may be held beside the process's own",
                    (unsigned long long)each, (unsigned long long)limit);
    if (added->own) {
        added->batch[OP_ZERO] = added->batch[OP_EMPTY] = 1;
        added->batch[OP_EMPTY_MANY] = MAX_BATCH;
    }
}

/* False: nothing can be measured. */
static bool add_origins(void)
{
    uint64_t own = 2 * state->size * state->threads, limit = memory_limit();
    if (state->threads > (unsigned)CPU_COUNT(&cpus)) {
        format_text(state->why[WHY_NONE], sizeof state->why[0], "there are %u CPUs", (unsigned)CPU_COUNT(&cpus));
        return false;
    }
    if (own > limit) {
        format_text(state->why[WHY_NONE], sizeof state->why[0], "needs %llu bytes; at most %llu may be held",
                    (unsigned long long)own, (unsigned long long)limit);
        return false;
    }
    /* Its files hold nothing, so as many may be had as a batch has. */
    add_origin(&(struct origin){.own = true, .heap.name = ""}, BATCH_BUFFERS * state->size * state->threads);
    for (size_t i = 0; i < heap_selected(); i++) {
        struct heap heap = heap_look(i);
        uint64_t room = heap.cma || heap.limit < limit - own ? heap.limit : limit - own;
        add_origin(&(struct origin){.heap = heap, .fd = heap_open(&heap)}, room);
    }
    return true;
}

static void set_aside(unsigned index)
{
    struct origin *origin = &state->origin[index];
    format_text(state->why[index], sizeof state->why[0], "ALLOC of %llu bytes: %s", (unsigned long long)state->size,
                errno_name(origin->error));
}

/* Turns that are not kept: they find what can be measured, warm it up, and choose the batches. The first turns of a
 * small size are cold and of few calls; so they are taken again. */
static void warm_up(struct worker *worker)
{
    uint64_t took[OPS] = {0}, empty = UINT64_MAX;
    for (unsigned i = 0; i < state->origins; i++) {
        uint64_t quickest[OPS] = {0};
        struct origin *origin = &state->origin[i];
        uint64_t last = 0;
        state->current = (int)i;
        for (int turn = 0; turn < WARM_TURNS && last < SHORT_TURN_NS && !state->why[i][0]; turn++) {
            uint64_t begun = now_ns();
            if (!take_turn(origin, worker, took)) {
                set_aside(i);
                break;
            }
            last = now_ns() - begun;
            if (origin->own && took[OP_EMPTY] < empty)
                empty = took[OP_EMPTY];
            choose_batches(origin, took, quickest, empty);
        }
    }
}

/* Until every thread has come here. */
static void meet(void)
{
    unsigned meeting = atomic_load(&state->meeting);
    if (atomic_fetch_add(&state->arrived, 1) + 1 == state->threads) {
        atomic_store(&state->arrived, 0);
        atomic_fetch_add(&state->meeting, 1);
        return;
    }
    while (atomic_load(&state->meeting) == meeting)
        sched_yield();
}

/* The order of heaps differs from round to round, so that none always comes after the same other one. */
static unsigned in_turn(uint64_t round, unsigned index)
{
    unsigned at = (unsigned)((round + index) % state->origins);
    return round & 1 ? state->origins - 1 - at : at;
}

static void keep(unsigned index, const uint64_t *took)
{
    struct origin *origin = &state->origin[index];
    for (enum op op = 0; op < OPS; op++)
        samples_of(index, op)[origin->taken] = took[op];
    origin->taken++;
}

/* What every thread does; the first one's samples are kept. */
static void take_rounds(struct worker *worker, unsigned number)
{
    uint64_t took[OPS] = {0};
    for (uint64_t round = 0;; round++) {
        if (number == 0)
            state->stop = round == state->rounds || atomic_load(&state->unfit) ||
                          (round > 0 && (now_ns() >= state->ends_at || time_is_up()));
        meet();
        if (state->stop)
            return;
        for (unsigned i = 0; i < state->origins; i++) {
            unsigned index = in_turn(round, i);
            meet();
            if (state->why[index][0])
                continue;
            struct origin other = state->origin[index];
            if (number > 0) {
                take_turn(&other, worker, took);
                continue;
            }
            state->current = (int)index;
            if (take_turn(&state->origin[index], worker, took))
                keep(index, took);
            else
                set_aside(index);
        }
    }
}

/* The highest CPUs first: where they differ, those are the fast ones. */
static void pin(unsigned number)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    for (int cpu = CPU_SETSIZE - 1; cpu >= 0; cpu--) {
        if (CPU_ISSET(cpu, &cpus) && number-- == 0) {
            CPU_SET(cpu, &one);
            sched_setaffinity(0, sizeof one, &one);
            return;
        }
    }
}

static void *further(void *number)
{
    struct worker worker = {0};
    pin((unsigned)(uintptr_t)number);
    if (!worker_open(&worker, state->size))
        atomic_store(&state->unfit, true);
    take_rounds(&worker, (unsigned)(uintptr_t)number);
    return NULL;
}

static void measure(void)
{
    struct worker worker = {0};
    sched_getaffinity(0, sizeof cpus, &cpus);
    if (state->threads == 0)
        state->threads = (unsigned)CPU_COUNT(&cpus);
    if (!add_origins())
        return;
    pin(0);
    atomic_store(&state->unfit, !worker_open(&worker, state->size));
    if (!atomic_load(&state->unfit))
        warm_up(&worker);
    for (unsigned i = 1; i < state->threads; i++) {
        pthread_t thread;
        int error = pthread_create(&thread, NULL, further, (void *)(uintptr_t)i);
        if (error) {
            format_text(state->why[WHY_NONE], sizeof state->why[0], "no thread: %s", errno_name(error));
            _exit(1);
        }
    }
    take_rounds(&worker, 0);
    if (atomic_load(&state->unfit))
        format_text(state->why[WHY_NONE], sizeof state->why[0], "no memory for %u threads", state->threads);
    state->current = -1;
}

/* Which origin: a heap of ION by its name there and its flags. */
static void head(const char *kind, unsigned run, const struct origin *origin)
{
    bool own = !origin || origin->own, ion = !own && origin->heap.source != SOURCE_NODE;
    const char *name = own ? "" : origin->heap.name + (ion ? sizeof ION_PREFIX - 1 : 0);
    out_begin(kind);
    out_unsigned("run", run);
    out_string("source", own ? "limit" : ion ? "ion" : "heap");
    out_bytes("name", name, ion ? strcspn(name, "/") : strlen(name));
    out_unsigned("flags", own ? 0 : origin->heap.ion_flags);
    out_unsigned("size", state->size);
    out_unsigned("threads", state->threads);
}

static void report_samples(unsigned run, unsigned index)
{
    const struct origin *origin = &state->origin[index];
    head("timing", run, origin);
    for (int part = 0; part < 3; part++) {
        static const char *const keys[] = {"ops", "batch", "ns"};
        out_list_begin(keys[part]);
        for (enum op op = 0; op < OPS; op++) {
            if (!origin->batch[op])
                continue;
            if (part == 0)
                out_string(NULL, op_name(origin->own, op));
            else if (part == 1)
                out_unsigned(NULL, origin->batch[op]);
            else
                out_samples(NULL, samples_of(index, op), origin->taken);
        }
        out_list_end();
    }
    out_end();
}

static void report(unsigned run)
{
    for (unsigned i = 0; i <= MAX_ORIGINS; i++) {
        if (i < state->origins && state->origin[i].taken)
            report_samples(run, i);
        if (state->why[i][0]) {
            head("untimed", run, i < MAX_ORIGINS ? &state->origin[i] : NULL);
            out_string("why", state->why[i]);
            out_end();
        }
    }
}

/* Waits for the process until its time is up, and says what became of it. */
static void attend(pid_t pid, int fd)
{
    struct pollfd ended = {.fd = fd, .events = POLLIN};
    uint64_t ends_at = state->ends_at + MEASURE_GRACE_NS;
    int status = 0, current;
    while (poll(&ended, 1, milliseconds_until(ends_at)) < 0 && errno == EINTR)
        ;
    kill(pid, SIGKILL);
    for (int tries = 0; waitpid(pid, &status, WNOHANG) == 0 && tries < 100; tries++)
        poll(NULL, 0, 10); /* it may sleep in the kernel */
    current = state->current;
    if (current < 0 || (ended.revents && !WIFSIGNALED(status)))
        return;
    format_text(state->why[current], sizeof state->why[0],
                ended.revents ? "it was killed by signal %d" : "it did not end within 30 s after its time",
                WIFSIGNALED(status) ? WTERMSIG(status) : 0);
}

/* What took so much longer than it may that it is left out from then on: the plan asks for it again and again. */
static struct {
    uint64_t size, threads;
} slow[MAX_SLOW];
static unsigned slow_count;

static bool is_slow(const uint64_t number[4])
{
    for (unsigned i = 0; i < slow_count; i++)
        if (slow[i].size == number[0] && slow[i].threads == number[1])
            return true;
    return false;
}

static void measure_apart(const uint64_t number[4])
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0)
        return;
    uint64_t begun = now_ns();
    pid_t pid = start_child();
    if (pid == 0) {
        measure();
        _exit(0);
    }
    close(fds[1]);
    if (pid > 0)
        attend(pid, fds[0]);
    else
        format_text(state->why[WHY_NONE], sizeof state->why[0], "fork failed");
    close(fds[0]);
    uint64_t took = (now_ns() - begun) / 1000000u;
    if (took + 1 > SLOW_MILLISECONDS && took > SLOW_TIMES * number[3] && slow_count < MAX_SLOW) {
        slow[slow_count].size = number[0];
        slow[slow_count++].threads = number[1];
    }
}

const char *item_measure(const uint64_t number[4])
{
    static unsigned run;
    static char stopped_at[64];
    uint64_t page = (uint64_t)getpagesize(), size = (number[0] + page - 1) / page * page;
    size_t bytes = sizeof *state + MAX_ORIGINS * OPS * number[2] * sizeof state->samples[0];
    state = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (state == MAP_FAILED)
        return "measure: no memory";
    state->size = size;
    state->threads = (unsigned)number[1];
    state->rounds = number[2];
    state->ends_at = now_ns() + number[3] * 1000000u;
    state->current = -1;
    if (is_slow(number))
        format_text(state->why[WHY_NONE], sizeof state->why[0],
                    "it took more than %u times the %llu ms that it may take", SLOW_TIMES,
                    (unsigned long long)number[3]);
    else
        measure_apart(number);
    report(++run);
    munmap(state, bytes);
    if (!time_is_up())
        return NULL;
    format_text(stopped_at, sizeof stopped_at, "measure %llu", (unsigned long long)size);
    return stopped_at;
}
