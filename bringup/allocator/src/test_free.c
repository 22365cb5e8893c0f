/* That a closed buffer gives its memory back. */
#include "settle.h"
#include "sys.h"

#define TURNOVER (64ull * MIB)
#define CMA_TURNOVER (16ull * MIB) /* a CMA allocation takes milliseconds, and CmaFree is quieter than MemFree */
#define TRIES 3

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

/* One buffer at a time, 64 MiB in all, of CMA 16 (fewer where a buffer is a page). Other processes take and give memory
 * meanwhile, so half of the turnover, or half of what was free, may be missing, and only three tries in a row that miss
 * more count: noise does not repeat, a leak does. Where less than the turnover is free, a leak also ends in ENOMEM. */
void test_free_memory(struct test_run *run)
{
    uint64_t bytes = run->heap->limit < MIB ? run->heap->page : MIB;
    uint64_t turnover = run->heap->cma ? CMA_TURNOVER : TURNOVER, most = run->heap->cma ? 64 : 256;
    uint64_t times = turnover / bytes < most ? turnover / bytes : most, missing = 0;
    struct level before = {0};
    for (int i = 0; i < TRIES; i++) {
        bool known = level_read(run, &before);
        if (known && !turn_over(run, bytes, times))
            return;
        uint64_t tolerated = (before.free < times * bytes ? before.free : times * bytes) / 2;
        missing = known ? level_missing(run, &before, tolerated) : UINT64_MAX;
        if (missing <= tolerated)
            return;
        if (missing == UINT64_MAX) {
            cannot_tell(run, 0, "how much memory is free cannot be read");
            return;
        }
    }
    fail(run, 0, "%llu times %llu bytes were allocated and closed: %llu bytes free before, %llu after",
         (unsigned long long)times, (unsigned long long)bytes, (unsigned long long)before.free,
         (unsigned long long)(before.free - missing));
}
