/* How long it takes to read a buffer through its mapping, next to as much memory of the process's own, which is cached.
 * An uncached mapping shows as many times slower; an emulator that has no caches shows nothing. */
#include "children.h"
#include "clock.h"
#include "fill.h"
#include "out.h"
#include "plan.h"
#include "sys.h"
#include "text.h"
#include "heap_test.h"

#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILD_NS 10000000000u
#define DIE_NS 1000000000u
#define BYTES (64 * KIB) /* larger than a page of any kernel, smaller than most second-level caches */

/* Shared with the child that reads: a mapping may kill who touches it. */
struct samples {
    uint64_t taken;
    uint64_t of[2][PLAN_MAX_ROUNDS];
};

static uint64_t time_read(const volatile uint64_t *words)
{
    uint64_t begun = now_ns(), sum = 0;
    for (uint64_t i = 0; i < BYTES / 8; i++)
        sum += words[i];
    (void)sum;
    return now_ns() - begun;
}

static void report(const struct heap *heap, const struct samples *samples)
{
    static const char *const keys[] = {"read_ns", "memory_ns"};
    out_begin("reads");
    out_string("heap", heap->name);
    out_unsigned("size", BYTES);
    for (int i = 0; i < 2; i++)
        out_samples(keys[i], samples->of[i], samples->taken);
    out_end();
}

/* Both are read once before, so that what is cached is in the cache; then in turn. */
static void read_in_turn(void *at, void *memory, uint64_t rounds, struct samples *samples)
{
    fill_words(at, 0, BYTES);
    fill_words(memory, 0, BYTES);
    time_read(at);
    time_read(memory);
    for (uint64_t i = 0; i < rounds; i++) {
        samples->of[0][i] = time_read(at);
        samples->of[1][i] = time_read(memory);
        samples->taken = i + 1;
    }
}

/* In a child, which ends. A heap that does not open, give a buffer or map it has no line: the tests report it. */
static void read_heap(const struct heap *heap, uint64_t rounds, struct samples *samples)
{
    struct test_run run = {.heap = heap, .fd = heap_open(heap)};
    int fd = run.fd < 0 || heap->limit < BYTES ? -1 : buffer_alloc(&run, BYTES);
    void *at = fd < 0 ? MAP_FAILED : sys_map(fd, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
    void *memory = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at != MAP_FAILED && memory != MAP_FAILED)
        read_in_turn(at, memory, rounds, samples);
    _exit(0);
}

static void read_in_child(const struct heap *heap, uint64_t rounds, struct samples *samples)
{
    uint64_t ends_at = now_ns() + CHILD_NS;
    samples->taken = 0;
    pid_t pid = start_child();
    if (pid == 0)
        read_heap(heap, rounds, samples);
    while (pid > 0 && waitpid(pid, NULL, WNOHANG) == 0) {
        if (now_ns() > ends_at)
            kill(pid, SIGKILL);
        if (now_ns() > ends_at + DIE_NS)
            break; /* it sleeps in the kernel */
        poll(NULL, 0, 1);
    }
    if (samples->taken)
        report(heap, samples);
}

const char *item_reads(uint64_t rounds)
{
    static char stopped_at[300];
    struct samples *samples = mmap(NULL, sizeof *samples, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (samples == MAP_FAILED)
        return "reads: no memory for samples";
    for (size_t i = 0; i < heap_selected(); i++) {
        struct heap heap = heap_look(i);
        if (time_is_up()) {
            format_text(stopped_at, sizeof stopped_at, "reads %s", heap.name);
            return stopped_at;
        }
        read_in_child(&heap, rounds, samples);
    }
    munmap(samples, sizeof *samples);
    return NULL;
}
