/* What a buffer holds: zeros when it is new, and what was written to it. */
#include "errnos.h"
#include "fill.h"
#include "sys.h"
#include "heap_test.h"

#include <sys/mman.h>

#define DIRTY 0xa5a5a5a5a5a5a5a5u
#define ROUND_BUFFERS 32u

/* Fails the test at the first byte that is not zero. */
static bool check_zero(struct test_run *run, const void *at, uint64_t size, const char *when)
{
    const uint8_t *bytes = at;
    const uint64_t *words = at;
    for (uint64_t i = 0; i < size / 8; i++) {
        if (words[i] == 0)
            continue;
        uint64_t offset = i * 8;
        while (bytes[offset] == 0)
            offset++;
        fail(run, 0, "%s: byte %llu of %llu is 0x%02x", when, (unsigned long long)offset, (unsigned long long)size,
             bytes[offset]);
        return false;
    }
    return true;
}

static bool is_zero(struct test_run *run, int fd, uint64_t bytes)
{
    void *at = buffer_map(run, fd, bytes);
    bool zero = at && check_zero(run, at, bytes, "a new buffer");
    if (at)
        sys_unmap(at, (size_t)bytes);
    return zero;
}

void test_zero_fresh(struct test_run *run)
{
    each_size(run, is_zero);
}

/* Allocates `count` buffers, finds each zero (but in the first round: that is zero.fresh's to find), leaves each dirty,
 * and frees them all: the next round's pages come first from those that the allocator got back last. */
static bool dirty_round(struct test_run *run, uint64_t bytes, unsigned count, bool first)
{
    int fds[ROUND_BUFFERS];
    unsigned held = 0;
    bool good = true;
    while (good && held < count) {
        int fd = buffer_more(run, bytes, held + (bytes > run->heap->page));
        if (fd < 0) {
            good = held > 0;
            break;
        }
        fds[held++] = fd;
        void *at = buffer_map(run, fd, bytes);
        good = at && (first || check_zero(run, at, bytes, "after a dirty buffer was freed"));
        if (at) {
            fill_words(at, DIRTY, bytes);
            sys_unmap(at, (size_t)bytes);
        }
    }
    while (held > 0)
        sys_close(fds[--held]);
    return good;
}

static unsigned buffers_within(const struct test_run *run, uint64_t bytes, unsigned most)
{
    uint64_t fits = run->heap->limit / bytes;
    return fits < most ? (unsigned)fits : most;
}

/* How sure it is that a heap which does not zero is caught:
 *
 * The page allocator keeps freed pages by CPU and hands out first what was freed last. A round begins where the one
 * before it freed, so all 32 pages come back, unless the process changed its CPU meanwhile; blocks of 1 MiB go to the
 * zone's list, from the head of which the next is taken, whatever the CPU. Were the chance to meet none of a round's
 * pages as high as 1 in 10, two rounds of two shapes would miss all of them 1 time in 10^4. One dirty word is enough.
 *
 * CMA hands out the lowest range that is free and aligned (cma_alloc searches its bitmap from the start), so what a
 * round freed is what the next one gets, whatever the CPU; another allocation would have to come between each two. One
 * round that looks is enough. And a CMA allocation costs milliseconds whatever its size (alloc_contig_range drains the
 * lists of all CPUs): four pages and two buffers of 1 MiB show as much there as many. */
void test_zero_reuse(struct test_run *run)
{
    bool cma = run->heap->cma;
    int rounds = cma ? 2 : 3; /* the first finds nothing, it makes dirty */
    const struct {
        uint64_t bytes;
        unsigned most;
    } shapes[] = {{run->heap->page, cma ? 4 : ROUND_BUFFERS}, {MIB, cma ? 2 : 4}};
    for (unsigned i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        unsigned count = buffers_within(run, shapes[i].bytes, shapes[i].most);
        bool good = true;
        for (int round = 0; count && good && round < rounds; round++)
            good = dirty_round(run, shapes[i].bytes, count, round == 0);
        if (!good)
            return;
    }
}

/* A word made from its own place, so that a page mapped twice or at the wrong place is noticed. */
static uint64_t word_at(uint64_t index)
{
    return (index + 1) * 0x9e3779b97f4a7c15u;
}

static bool check_pattern(struct test_run *run, const uint64_t *words, uint64_t count, const char *where)
{
    for (uint64_t i = 0; i < count; i++) {
        if (words[i] == word_at(i))
            continue;
        fail(run, 0, "%s: offset %llu holds 0x%016llx, 0x%016llx was written", where, (unsigned long long)(i * 8),
             (unsigned long long)words[i], (unsigned long long)word_at(i));
        return false;
    }
    return true;
}

static bool write_then_read(struct test_run *run, int fd, uint64_t bytes)
{
    uint64_t *first = buffer_map(run, fd, bytes);
    if (!first)
        return false;
    for (uint64_t i = 0; i < bytes / 8; i++)
        first[i] = word_at(i);
    bool good = check_pattern(run, first, bytes / 8, "the mapping written to");
    sys_unmap(first, (size_t)bytes);
    uint64_t *second = good ? buffer_map(run, fd, bytes) : NULL;
    if (!second)
        return false;
    good = check_pattern(run, second, bytes / 8, "a second mapping");
    sys_unmap(second, (size_t)bytes);
    return good;
}

void test_mmap_rw(struct test_run *run)
{
    each_size(run, write_then_read);
}
