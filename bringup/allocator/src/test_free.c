#include "errnos.h"
#include "sys.h"
#include "trial.h"

#include <poll.h>

#define TURNOVER (64ull * MIB)
#define CMA_TURNOVER (16ull * MIB) /* a CMA allocation takes milliseconds, and CmaFree is quieter than MemFree */
#define TRIES 3
#define SETTLE_MILLISECONDS 500

static bool look(struct trial *trial, uint64_t *bytes)
{
    if (sys_free_memory(trial->heap->name, trial->heap->cma, bytes))
        return true;
    cannot_tell(trial, 0, "how much memory is free cannot be read any more");
    return false;
}

static bool turn_over(struct trial *trial, uint64_t bytes, uint64_t times)
{
    for (uint64_t i = 0; i < times; i++) {
        int fd = buffer_need(trial, bytes);
        if (fd < 0)
            return false;
        sys_close(fd);
    }
    return true;
}

/* Some kernels free in the background: waits for the memory to come back. */
static bool came_back(struct trial *trial, uint64_t wanted, uint64_t *last)
{
    for (int waited = 0;; waited += 20) {
        if (!look(trial, last))
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
void test_free_memory(struct trial *trial, uint64_t unused)
{
    (void)unused;
    uint64_t bytes = trial->heap->limit < MIB ? trial->heap->page : MIB;
    uint64_t turnover = trial->heap->cma ? CMA_TURNOVER : TURNOVER, most = trial->heap->cma ? 64 : 256;
    uint64_t times = turnover / bytes < most ? turnover / bytes : most;
    uint64_t before = 0, after = 0;
    for (int i = 0; i < TRIES; i++) {
        if (!look(trial, &before) || !turn_over(trial, bytes, times))
            return;
        uint64_t tolerance = (before < times * bytes ? before : times * bytes) / 2;
        if (came_back(trial, before - tolerance, &after) || trial->verdict.outcome != OUTCOME_PASS)
            return;
    }
    fail(trial, 0, "%llu times %llu bytes were allocated and closed: %llu bytes free before, %llu after",
         (unsigned long long)times, (unsigned long long)bytes, (unsigned long long)before, (unsigned long long)after);
}
