/* Buffers for the tests: allocating, mapping, and what a failure of these means. */
#include "errnos.h"
#include "ion.h"
#include "sys.h"
#include "text.h"
#include "heap_test.h"
#include "uapi.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

const uint64_t buffer_sizes[] = {ONE_PAGE, 64 * KIB, MIB, 4 * MIB, 0};

uint64_t bytes_of(const struct test_run *run, uint64_t size)
{
    return size < KIB ? size * run->heap->page : size;
}

int heap_open(const struct heap *heap)
{
    if (heap->source != SOURCE_NODE && !heap->ion_mask) {
        int fd = sys_open_heap(heap->name); /* where /dev/ion itself does not open, its errno is reported */
        if (fd < 0)
            return -1;
        sys_close(fd);
        errno = ENODEV;
        return -1;
    }
    return sys_open_heap(heap->name);
}

int buffer_alloc(const struct test_run *run, uint64_t len)
{
    if (run->heap->source != SOURCE_NODE)
        return ion_alloc(run->fd, run->heap, len);
    struct dma_heap_allocation_data data = {.len = len, .fd_flags = O_RDWR | O_CLOEXEC};
    return sys_ioctl(run->fd, DMA_HEAP_IOCTL_ALLOC, &data) == 0 ? (int)data.fd : -1;
}

void not_allocated(struct test_run *run, const char *what)
{
    if (errno == EMFILE || errno == ENFILE)
        cannot_tell(run, errno, "no descriptor left for a buffer: %s", errno_name(errno));
    else if (errno == ENOMEM && run->heap->source != SOURCE_NODE && run->heap->ion_type == ION_HEAP_TYPE_SYSTEM_CONTIG)
        skip(run, "%s: ENOMEM; no contiguous memory is left; ION's system-contig heap does not reserve any", what);
    else
        fail(run, errno, "%s: %s", what, errno_name(errno));
}

int buffer_need(struct test_run *run, uint64_t len)
{
    char what[48];
    int fd = buffer_alloc(run, len);
    if (fd < 0) {
        int error = errno;
        format_text(what, sizeof what, "ALLOC of %llu bytes", (unsigned long long)len);
        errno = error;
        not_allocated(run, what);
    }
    return fd;
}

int buffer_with(struct test_run *run, uint32_t fd_flags, const char *what)
{
    struct dma_heap_allocation_data data = {.len = run->heap->page, .fd_flags = fd_flags};
    if (run->heap->source != SOURCE_NODE) /* ION takes no such flags: O_RDWR and O_CLOEXEC is what it gives */
        return buffer_need(run, data.len);
    if (sys_ioctl(run->fd, DMA_HEAP_IOCTL_ALLOC, &data) == 0)
        return (int)data.fd;
    not_allocated(run, what);
    return -1;
}

int buffer_more(struct test_run *run, uint64_t len, unsigned before)
{
    int fd = before ? buffer_alloc(run, len) : buffer_need(run, len);
    if (fd < 0 && before && errno != ENOMEM && errno != EMFILE && errno != ENFILE)
        fail(run, errno, "ALLOC of %llu bytes: %s", (unsigned long long)len, errno_name(errno));
    return fd;
}

void each_size(struct test_run *run, bool (*each)(struct test_run *run, int fd, uint64_t size))
{
    bool good = true;
    for (unsigned i = 0; good && buffer_sizes[i]; i++) {
        uint64_t bytes = bytes_of(run, buffer_sizes[i]);
        int fd = bytes > run->heap->limit ? -1 : buffer_more(run, bytes, i);
        good = fd >= 0 && each(run, fd, bytes);
        if (fd >= 0)
            sys_close(fd);
    }
}

/* Heaps that every CPU may map. For the others EINVAL may be by design: vendors name their protected heaps freely. */
static bool must_map(const struct heap *heap)
{
    if (heap->source != SOURCE_NODE)
        return heap->cma || heap->ion_type == ION_HEAP_TYPE_SYSTEM;
    return heap->cma || strcmp(heap->name, "system") == 0 || strcmp(heap->name, "system-uncached") == 0;
}

void *buffer_map(struct test_run *run, int fd, uint64_t size)
{
    void *at = sys_map(fd, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
    if (at != MAP_FAILED)
        return at;
    if (errno == EINVAL && !must_map(run->heap))
        skip(run, "no CPU mapping (mmap: EINVAL), as for a protected heap");
    else
        fail(run, errno, "mmap of %llu bytes: %s", (unsigned long long)size, errno_name(errno));
    return NULL;
}

bool buffer_maps(struct test_run *run)
{
    int fd = buffer_need(run, run->heap->page);
    void *at = fd < 0 ? NULL : buffer_map(run, fd, run->heap->page);
    if (at)
        sys_unmap(at, (size_t)run->heap->page);
    if (fd >= 0)
        sys_close(fd);
    return at != NULL;
}

unsigned open_descriptors(void)
{
    /* A new descriptor takes the lowest free number, and a test holds a few: a leak shows among the first ones. */
    unsigned highest = 256, open = 0;
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < highest)
        highest = (unsigned)limit.rlim_cur;
    for (unsigned fd = 0; fd < highest; fd++)
        open += fcntl((int)fd, F_GETFD) >= 0;
    return open;
}
