/* Mappings of a buffer: beyond its end, private, two at once, partly unmapped. */
#include "errnos.h"
#include "sys.h"
#include "heap_test.h"

#include <errno.h>
#include <sys/mman.h>

#define WHOLE PAGES(4)

/* A buffer with a mapping: its descriptor, or -1 after setting the verdict. */
static int mapped(struct test_run *run, uint64_t size, uint64_t **at)
{
    int fd = buffer_need(run, size);
    *at = fd < 0 ? NULL : buffer_map(run, fd, size);
    if (fd >= 0 && !*at)
        sys_close(fd);
    return *at ? fd : -1;
}

/* 0 when such a mapping is made, which is undone; else its errno. */
static int try_map(int fd, uint64_t size, int flags, uint64_t offset)
{
    void *at = sys_map(fd, (size_t)size, PROT_READ | PROT_WRITE, flags, (off_t)offset);
    if (at == MAP_FAILED)
        return errno;
    sys_unmap(at, (size_t)size);
    return 0;
}

void test_map_beyond(struct test_run *run)
{
    uint64_t page = run->heap->page, *at;
    const struct {
        uint64_t size, offset;
    } cases[] = {{2 * page, 0}, {page, page}};
    int fd = mapped(run, page, &at);
    for (int i = 0; fd >= 0 && i < 2; i++) {
        int error = try_map(fd, cases[i].size, MAP_SHARED, cases[i].offset);
        if (error != EINVAL)
            fail(run, error, "mmap of %llu bytes at offset %llu of a buffer of one page: expected EINVAL, got %s",
                 (unsigned long long)cases[i].size, (unsigned long long)cases[i].offset, errno_name(error));
    }
    if (fd >= 0) {
        sys_unmap(at, (size_t)page);
        sys_close(fd);
    }
}

void test_map_private(struct test_run *run)
{
    uint64_t page = run->heap->page, *at;
    if (!run->heap->cma) {
        skip(run, "not a CMA heap: MAP_PRIVATE is not defined");
        return;
    }
    int fd = mapped(run, page, &at);
    if (fd < 0)
        return;
    int error = try_map(fd, page, MAP_PRIVATE, 0);
    if (error != EINVAL)
        fail(run, error, "mmap with MAP_PRIVATE: expected EINVAL, got %s", errno_name(error));
    sys_unmap(at, (size_t)page);
    sys_close(fd);
}

/* Each mapping writes words of its own; the other has to read them at once. */
static void write_and_look(struct test_run *run, volatile uint64_t *to, volatile uint64_t *from, uint64_t words,
                           uint64_t salt)
{
    for (uint64_t i = 0; i < words; i++)
        to[i] = salt ^ i * 0x9e3779b97f4a7c15u;
    for (uint64_t i = 0; i < words; i++) {
        uint64_t expected = salt ^ i * 0x9e3779b97f4a7c15u, seen = from[i];
        if (seen == expected)
            continue;
        fail(run, 0, "offset %llu: 0x%016llx was written through one mapping, the other reads 0x%016llx",
             (unsigned long long)(i * 8), (unsigned long long)expected, (unsigned long long)seen);
        return;
    }
}

void test_two_mappings(struct test_run *run)
{
    uint64_t page = run->heap->page, *first;
    int fd = mapped(run, page, &first);
    if (fd < 0)
        return;
    uint64_t *second = buffer_map(run, fd, page);
    if (second) {
        write_and_look(run, first, second, page / 8, 0x1111111111111111u);
        write_and_look(run, second, first, page / 8, 0x2222222222222222u);
        sys_unmap(second, (size_t)page);
    }
    sys_unmap(first, (size_t)page);
    sys_close(fd);
}

static uint64_t word_of(uint64_t page_number)
{
    return (page_number + 1) * 0x0101010101010101u;
}

/* Pages 0, 2 and 3 of four, after page 1 is gone; and that nothing is left where it was. */
void test_partial_unmap(struct test_run *run)
{
    uint64_t size = bytes_of(run, WHOLE), words = run->heap->page / 8, *at;
    int fd = mapped(run, size, &at);
    if (fd < 0)
        return;
    for (uint64_t i = 0; i < size / 8; i++)
        at[i] = word_of(i / words);
    if (sys_unmap(at + words, words * 8) != 0)
        fail(run, errno, "munmap of the second page of four: %s", errno_name(errno));
    for (uint64_t i = 0; i < size / 8; i++)
        if (i / words != 1 && at[i] != word_of(i / words)) {
            fail(run, 0, "after munmap of the second page of four: offset %llu holds 0x%016llx, not 0x%016llx",
                 (unsigned long long)(i * 8), (unsigned long long)at[i], (unsigned long long)word_of(i / words));
            break;
        }
    unsigned char resident;
    if (mincore(at + words, words * 8, &resident) == 0 || errno != ENOMEM)
        fail(run, 0, "after munmap of the second page of four: it is still mapped");
    sys_unmap(at, words * 8);
    sys_unmap(at + 2 * words, 2 * words * 8);
    sys_close(fd);
}
