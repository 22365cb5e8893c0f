/* How much memory is free before a test and after it, without what only looks as if it were missing. */
#ifndef BRINGUP_SETTLE_H
#define BRINGUP_SETTLE_H

#include "heap_test.h"

/* Longest to wait for memory that the kernel gives back later than close() returns. */
#define SETTLE_MILLISECONDS 2000

/* What was free for a heap at one moment, in bytes. */
struct level {
    uint64_t free;
    uint64_t available; /* and what the kernel can take back by itself; for CMA: the same as free */
};

/* False: it cannot be read. */
bool level_read(const struct test_run *run, struct level *level);

/* Waits until no more than `tolerated` bytes of what was free before are missing. Returns how many are, at the last look;
 * UINT64_MAX: it cannot be read any more. */
uint64_t level_missing(const struct test_run *run, const struct level *before, uint64_t tolerated);

#endif
