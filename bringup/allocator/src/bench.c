/* Allocation latency, next to what the same board needs to write the same memory: a heap hands out zeroed memory, so
 * memset is its limit. The three are taken in turn, so that a change of clock frequency meets all. */
#include "clock.h"
#include "fill.h"
#include "out.h"
#include "plan.h"
#include "sys.h"
#include "text.h"
#include "heap_test.h"

#include <sys/mman.h>

#define WARM_UP 3
#define LARGEST (4 * MIB)

static uint64_t samples[3][PLAN_MAX_ROUNDS];

static uint64_t time_memset(void *memory, uint64_t size)
{
    uint64_t begun = now_ns();
    fill_zero(memory, size);
    return now_ns() - begun;
}

/* One sample of each; false: no buffer. */
static bool take_turn(const struct test_run *run, uint64_t size, void *memory, uint64_t round)
{
    uint64_t begun = now_ns();
    int fd = buffer_alloc(run, size);
    uint64_t allocated = now_ns();
    if (fd < 0)
        return false;
    sys_close(fd);
    samples[1][round] = now_ns() - allocated;
    samples[0][round] = allocated - begun;
    samples[2][round] = time_memset(memory, size);
    return true;
}

static void report(const char *heap, uint64_t size, uint64_t rounds)
{
    static const char *const keys[] = {"alloc_ns", "free_ns", "memset_ns"};
    out_begin("latency");
    out_string("heap", heap);
    out_unsigned("size", size);
    for (int i = 0; i < 3; i++)
        out_samples(keys[i], samples[i], rounds);
    out_end();
}

static void bench_size(const struct test_run *run, uint64_t size, void *memory, uint64_t rounds)
{
    uint64_t taken = 0;
    for (int i = 0; i < WARM_UP; i++)
        if (!take_turn(run, size, memory, 0))
            return;
    while (taken < rounds && !time_is_up() && take_turn(run, size, memory, taken))
        taken++;
    if (taken)
        report(run->heap->name, size, taken);
}

/* Where it was when the time ended, or NULL. A heap that does not open has no latency: the test `open` reports it. */
static const char *bench_heap(const struct heap *heap, void *memory, uint64_t most, uint64_t rounds)
{
    static char stopped_at[300];
    struct test_run run = {.heap = heap, .fd = heap_open(heap)};
    const char *stopped = NULL;
    for (const uint64_t *size = buffer_sizes; run.fd >= 0 && *size && !stopped; size++) {
        uint64_t bytes = bytes_of(&run, *size);
        if (bytes > heap->limit || bytes > most)
            break;
        if (!time_is_up())
            bench_size(&run, bytes, memory, rounds);
        if (time_is_up()) {
            format_text(stopped_at, sizeof stopped_at, "bench %s %llu", heap->name, (unsigned long long)bytes);
            stopped = stopped_at;
        }
    }
    if (run.fd >= 0)
        sys_close(run.fd);
    return stopped;
}

const char *item_bench(uint64_t rounds)
{
    const char *stopped = NULL;
    /* Beside a buffer of this size, as much of the process's own memory is used. */
    uint64_t most = memory_limit() < LARGEST ? memory_limit() : LARGEST;
    void *memory = mmap(NULL, LARGEST, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return "bench: no memory for memset";
    fill_zero(memory, most);
    for (size_t i = 0; i < heap_selected() && !stopped; i++) {
        struct heap heap = heap_look(i);
        stopped = bench_heap(&heap, memory, most, rounds);
    }
    munmap(memory, LARGEST);
    return stopped;
}
