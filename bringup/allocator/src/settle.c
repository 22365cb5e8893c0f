/* How much memory is free before a test and after it, without what only looks as if it were missing. */
#include "settle.h"

#include "sys.h"

#include <poll.h>

/* Of CMA: pages that were freed are on a CPU's own list first. CmaFree does not count them there, and since Linux 6.7
 * such a list can keep an eighth of a zone for many seconds (mm/page_alloc.c, nr_pcp_high). An allocation from an area
 * empties these lists (alloc_contig_range), so it is read while a page is held. */
static bool read_cma(const struct test_run *run, struct level *level)
{
    uint64_t page = run->heap->page;
    int fd = buffer_alloc(run, page);
    bool known = sys_free_memory(run->heap->name, true, &level->free);
    if (fd >= 0) {
        level->free += page;
        sys_close(fd);
    }
    level->available = level->free;
    return known;
}

bool level_read(const struct test_run *run, struct level *level)
{
    struct memory memory;
    if (run->heap->cma)
        return read_cma(run, level);
    if (!sys_memory(&memory))
        return false;
    *level = (struct level){memory.free, memory.available};
    return true;
}

static uint64_t less(uint64_t before, uint64_t now)
{
    return now < before ? before - now : 0;
}

/* MemFree falls, too, when somebody reads files, or a driver keeps freed pages for its next buffer: the kernel takes both
 * back, and counts them as available. A leak is missing from both. */
uint64_t level_missing(const struct test_run *run, const struct level *before, uint64_t tolerated)
{
    for (int waited = 0;; waited += 20) {
        struct level now;
        if (!level_read(run, &now))
            return UINT64_MAX;
        uint64_t missing = less(before->free, now.free), unavailable = less(before->available, now.available);
        if (unavailable < missing)
            missing = unavailable;
        if (missing <= tolerated || waited >= SETTLE_MILLISECONDS)
            return missing;
        poll(NULL, 0, 20);
    }
}
