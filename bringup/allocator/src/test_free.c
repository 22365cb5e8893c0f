/* That a closed buffer gives its memory back. */
#include "errnos.h"
#include "sys.h"
#include "heap_test.h"

#include <poll.h>

#define TURNOVER (64ull * MIB)
#define CMA_TURNOVER (16ull * MIB) /* a CMA allocation takes milliseconds, and CmaFree is quieter than MemFree */
#define TRIES 3

static bool look(struct test_run *run, uint64_t *bytes)
{
    if (sys_free_memory(run->heap->name, run->heap->cma, bytes))
        return true;
    cannot_tell(run, 0, "how much memory is free cannot be read any more");
    return false;
}

static bool turn_over(struct test_run *run, uint64_t bytes, uint64_t times)
{
    for (uint64_t i = 0; i < times; i++) {
        int fd = buffer_need(run, bytes);
        if (fd < 0)
            return false;
        sys_close(fd);
    }
    return true;
}

/* Some kernels free in the background: waits for the memory to come back. */
static bool came_back(struct test_run *run, uint64_t wanted, uint64_t *last)
{
    for (int waited = 0;; waited += 20) {
        if (!look(run, last))
            return false;
        if (*last >= wanted)
            return true;
        if (waited >= SETTLE_MILLISECONDS)
            return false;
        poll(NULL, 0, 20);
    }
}

/* One buffer at a time, 64 MiB in all, of CMA 16 (fewer where a buffer is a page). Other processes take and give memory meanwhile,
 * so half of the turnover, or half of what was free, may be missing, and only three tries in a row that miss more
 * count: noise does not repeat, a leak does. Where less than the turnover is free, a leak also ends in ENOMEM. */
void test_free_memory(struct test_run *run)
{
    uint64_t bytes = run->heap->limit < MIB ? run->heap->page : MIB;
    uint64_t turnover = run->heap->cma ? CMA_TURNOVER : TURNOVER, most = run->heap->cma ? 64 : 256;
    uint64_t times = turnover / bytes < most ? turnover / bytes : most;
    uint64_t before = 0, after = 0;
    for (int i = 0; i < TRIES; i++) {
        if (!look(run, &before) || !turn_over(run, bytes, times))
            return;
        uint64_t tolerance = (before < times * bytes ? before : times * bytes) / 2;
        if (came_back(run, before - tolerance, &after) || run->verdict.outcome != OUTCOME_PASS)
            return;
    }
    fail(run, 0, "%llu times %llu bytes were allocated and closed: %llu bytes free before, %llu after",
         (unsigned long long)times, (unsigned long long)bytes, (unsigned long long)before, (unsigned long long)after);
}
