/* Workers that allocate, write, check and free at the same time: processes, or threads with one table of descriptors.
 * Sizes come from a seed; each buffer holds words of its own, so that memory or a descriptor given twice is seen. */
#include "children.h"
#include "clock.h"
#include "errnos.h"
#include "sys.h"
#include "heap_test.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST 8u          /* workers */
#define TURNS 12u        /* buffers a worker makes, where the plan gives no time */
#define HELD 3u          /* buffers that a worker holds at a time */
#define SIZES 7u         /* 1 to 64 pages, small ones more often */
#define MOST_NS 1000000000u
#define SEEN 128u        /* buffers that are looked for in the statistics */

/* One round, in memory that processes share, too. */
struct round {
    atomic_uint ready, made;
    bool threads;
    unsigned workers;
    uint64_t seed, ends_at, turns;
    uint64_t inodes[SEEN];
    struct worker {
        struct round *round;
        unsigned number;
        pthread_t thread;
        pid_t pid;
        struct test_run run;
        struct held {
            int fd;
            uint64_t size, word, inode, *at;
        } held[HELD];
    } worker[MOST];
};

static struct {
    uint64_t seed, milliseconds;
} wanted = {.seed = 1};

void heap_set_stress(uint64_t seed, uint64_t milliseconds)
{
    wanted.seed = seed;
    wanted.milliseconds = milliseconds;
}

/* splitmix64 */
static uint64_t next_random(uint64_t *state)
{
    uint64_t value = *state += 0x9e3779b97f4a7c15u;
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9u;
    value = (value ^ value >> 27) * 0x94d049bb133111ebu;
    return value ^ value >> 31;
}

static uint64_t word_at(const struct held *held, uint64_t index)
{
    return held->word + index * 0x9e3779b97f4a7c15u;
}

static void take(struct worker *worker, struct held *held, uint64_t size, uint64_t word)
{
    struct test_run *run = &worker->run;
    uint64_t seen;
    /* A fragmented CMA area is not a failure here: alloc.* report shortages. */
    int fd = run->heap->cma ? buffer_more(run, size, 1) : buffer_need(run, size);
    *held = (struct held){.fd = fd, .size = size, .word = word};
    if (fd < 0)
        return;
    if (sys_stat(fd, &seen, &held->inode) != 0)
        fail(run, errno, "fstat of a new buffer, descriptor %d: %s", fd, errno_name(errno));
    else
        worker->round->inodes[atomic_fetch_add(&worker->round->made, 1) % SEEN] = held->inode;
    held->at = buffer_map(run, fd, size);
    for (uint64_t i = 0; held->at && i < size / 8; i++)
        held->at[i] = word_at(held, i);
}

static void check_and_drop(struct test_run *run, struct held *held)
{
    uint64_t size, inode, i = 0;
    if (held->at) {
        while (i < held->size / 8 && held->at[i] == word_at(held, i))
            i++;
        if (i < held->size / 8)
            fail(run, 0, "offset %llu of %llu bytes holds 0x%016llx, 0x%016llx was written", (unsigned long long)i * 8,
                 (unsigned long long)held->size, (unsigned long long)held->at[i], (unsigned long long)word_at(held, i));
        sys_unmap(held->at, (size_t)held->size);
    }
    if (held->fd >= 0) {
        if (sys_stat(held->fd, &size, &inode) != 0 || inode != held->inode)
            fail(run, 0, "descriptor %d now belongs to another buffer", held->fd);
        sys_close(held->fd);
    }
    *held = (struct held){.fd = -1};
}

/* All begin together. A process ends with one buffer held: the kernel takes it back. */
static void *work(void *argument)
{
    struct worker *worker = argument;
    struct round *round = worker->round;
    const struct heap *heap = worker->run.heap;
    uint64_t random = round->seed ^ (uint64_t)(worker->number + 1) << 32;
    uint64_t most = heap->limit / (round->workers * HELD * heap->page);
    for (unsigned i = 0; i < HELD; i++)
        worker->held[i].fd = -1;
    atomic_fetch_add(&round->ready, 1);
    while (atomic_load(&round->ready) < round->workers && now_ns() < round->ends_at)
        sched_yield();
    for (uint64_t turn = 0; turn < round->turns && now_ns() < round->ends_at; turn++) {
        struct held *held = &worker->held[turn % HELD];
        check_and_drop(&worker->run, held);
        uint64_t order = next_random(&random) % SIZES, pages = 1 + next_random(&random) % (1ull << order);
        take(worker, held, (pages < most ? pages : most) * heap->page, next_random(&random));
        if (worker->run.verdict.outcome != OUTCOME_PASS)
            break;
    }
    for (unsigned i = 0; i < HELD; i++)
        if (round->threads || i > 0)
            check_and_drop(&worker->run, &worker->held[i]);
    return NULL;
}

static bool begin(struct test_run *run, struct worker *worker)
{
    if (worker->round->threads)
        return pthread_create(&worker->thread, NULL, work, worker) == 0;
    pid_t pid = start_child();
    if (pid == 0) {
        unsigned before = open_descriptors();
        work(worker);
        unsigned after = open_descriptors() - (worker->held[0].fd >= 0);
        if (after != before)
            fail(&worker->run, 0, "%u descriptors were open before, %u after", before, after);
        _exit(0);
    }
    if (pid < 0)
        cannot_tell(run, errno, "fork: %s", errno_name(errno));
    worker->pid = pid; /* not in the child: the memory is shared */
    return pid > 0;
}

static void end(struct test_run *run, struct worker *worker)
{
    int status = 0;
    if (worker->round->threads)
        pthread_join(worker->thread, NULL);
    else if (waitpid(worker->pid, &status, 0) != worker->pid || status != 0)
        cannot_tell(run, 0, "worker %u ended with status 0x%x", worker->number, (unsigned)status);
    const struct verdict *found = &worker->run.verdict;
    if (found->outcome != OUTCOME_PASS && run->verdict.outcome == OUTCOME_PASS) {
        fail(run, found->error, "seed %llu, worker %u of %u: %s", (unsigned long long)worker->round->seed,
             worker->number + 1, worker->round->workers, found->seen);
        run->verdict.outcome = found->outcome;
    }
}

static void go_round(struct test_run *run, struct round *round)
{
    unsigned before = open_descriptors(), begun = 0;
    while (begun < round->workers) {
        struct worker *worker = &round->worker[begun];
        *worker = (struct worker){.round = round, .number = begun, .run = *run};
        if (!begin(run, worker))
            break;
        begun++;
    }
    if (begun < round->workers)
        cannot_tell(run, 0, "only %u of %u workers could be started", begun, round->workers);
    atomic_fetch_add(&round->ready, round->workers - begun);
    for (unsigned i = 0; i < begun; i++)
        end(run, &round->worker[i]);
    unsigned after = open_descriptors();
    if (after != before)
        fail(run, 0, "seed %llu, %u workers: %u descriptors were open before, %u after", (unsigned long long)round->seed,
             round->workers, before, after);
    unsigned made = atomic_load(&round->made);
    uint64_t left = still_counted(round->inodes, made < SEEN ? made : SEEN);
    if (left)
        fail(run, 0, "seed %llu, %u workers: the buffer with inode %llu is closed and still counted",
             (unsigned long long)round->seed, round->workers, (unsigned long long)left);
}

/* Rounds of 1, 2, 4 and, where there are more than four CPUs and the budget allows, 8 workers. */
void test_workers(struct test_run *run)
{
    uint64_t threads = run->argument;
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    sched_getaffinity(0, sizeof cpus, &cpus);
    unsigned most = CPU_COUNT(&cpus) > 4 ? MOST : MOST / 2, rounds = most == MOST ? 4 : 3;
    if (!buffer_maps(run))
        return;
    run->verdict.seed = wanted.seed;
    struct round *round = mmap(NULL, sizeof *round, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (round == MAP_FAILED) {
        cannot_tell(run, errno, "no memory for the workers: %s", errno_name(errno));
        return;
    }
    for (unsigned workers = 1; workers <= most && run->verdict.outcome == OUTCOME_PASS; workers *= 2) {
        if (run->heap->limit < workers * HELD * run->heap->page)
            break;
        memset(round, 0, sizeof *round);
        round->threads = threads;
        round->workers = workers;
        round->seed = wanted.seed;
        round->turns = wanted.milliseconds ? UINT64_MAX : TURNS;
        round->ends_at = now_ns() + (wanted.milliseconds ? wanted.milliseconds * 1000000u : MOST_NS) / rounds;
        go_round(run, round);
    }
    munmap(round, sizeof *round);
}
