/* What ALLOC's argument promises: its structure in three sizes, the access mode and O_CLOEXEC in fd_flags. */
#include "children.h"
#include "errnos.h"
#include "sys.h"
#include "heap_test.h"
#include "uapi.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

/* The first 16 bytes are len, fd and fd_flags in each; what follows the kernel's own 24 is rubbish here on purpose. */
void test_struct(struct test_run *run)
{
    uint64_t request = run->argument;
    union {
        struct dma_heap_allocation_data known;
        uint8_t bytes[48];
    } argument;
    uint64_t page = run->heap->page;
    memset(&argument, 0xab, sizeof argument);
    argument.known = (struct dma_heap_allocation_data){.len = page, .fd_flags = O_RDWR | O_CLOEXEC};
    if (request == DMA_HEAP_IOCTL_ALLOC_16)
        argument.known.heap_flags = ~0ull; /* behind the 16 bytes: not to be read */
    int fd = buffer_need(run, page);
    if (fd < 0)
        return;
    sys_close(fd);
    if (sys_ioctl(run->fd, (unsigned long)request, &argument) != 0) {
        fail(run, errno, "ALLOC as 0x%08x: %s", (unsigned)request, errno_name(errno));
        return;
    }
    fd = (int)argument.known.fd;
    off_t end = sys_lseek(fd, 0, SEEK_END);
    if (end != (off_t)page)
        fail(run, end < 0 ? errno : 0, "ALLOC as 0x%08x of %llu bytes: lseek says %lld", (unsigned)request,
             (unsigned long long)page, (long long)end);
    if (request == DMA_HEAP_IOCTL_ALLOC_16 && argument.known.heap_flags != ~0ull)
        fail(run, 0, "ALLOC as 0x%08x wrote behind its structure", (unsigned)request);
    for (size_t i = sizeof argument.known; i < sizeof argument; i++)
        if (argument.bytes[i] != 0xab)
            fail(run, 0, "ALLOC as 0x%08x wrote behind its structure", (unsigned)request);
    if (fd >= 0)
        sys_close(fd);
}

static const char *mode_name(int mode)
{
    return mode == O_RDONLY ? "O_RDONLY" : mode == O_WRONLY ? "O_WRONLY" : "O_RDWR";
}

/* One shared mapping of a page: 0, or its errno. */
static int map_error(int fd, uint64_t page, int protection)
{
    void *at = sys_map(fd, (size_t)page, protection, MAP_SHARED, 0);
    if (at == MAP_FAILED)
        return errno;
    sys_unmap(at, (size_t)page);
    return 0;
}

/* As for any file: a shared mapping needs a descriptor that reads, and one that writes for PROT_WRITE (mm/mmap.c). */
void test_access(struct test_run *run)
{
    uint64_t mode = run->argument;
    static const struct {
        int protection;
        const char *name;
    } ways[] = {{PROT_READ, "PROT_READ"}, {PROT_WRITE, "PROT_WRITE"}, {PROT_READ | PROT_WRITE, "PROT_READ|PROT_WRITE"}};
    uint64_t page = run->heap->page;
    int first = buffer_need(run, page);
    void *at = first < 0 ? NULL : buffer_map(run, first, page); /* whether there are mappings at all */
    if (!at)
        return;
    sys_unmap(at, (size_t)page);
    sys_close(first);
    int fd = buffer_with(run, (uint32_t)mode | O_CLOEXEC, mode_name((int)mode));
    for (int i = 0; fd >= 0 && i < 3; i++) {
        bool allowed = mode == O_RDWR || (mode == O_RDONLY && ways[i].protection == PROT_READ);
        int expected = allowed ? 0 : EACCES, error = map_error(fd, page, ways[i].protection);
        if (error != expected)
            fail(run, error, "fd_flags %s, mmap %s: expected %s, got %s", mode_name((int)mode), ways[i].name,
                 errno_name(expected), errno_name(error));
    }
    if (fd >= 0)
        sys_close(fd);
}

void test_cloexec(struct test_run *run)
{
    for (int wanted = run->heap->source != SOURCE_NODE; wanted <= 1; wanted++) {
        int fd = buffer_with(run, O_RDWR | (wanted ? O_CLOEXEC : 0), wanted ? "fd_flags with O_CLOEXEC" : "without");
        if (fd < 0)
            return;
        int flags = fcntl(fd, F_GETFD);
        int stays = open_after_exec(fd);
        if (flags < 0 || !!(flags & FD_CLOEXEC) != wanted)
            fail(run, 0, "%s O_CLOEXEC: the descriptor has FD_CLOEXEC %s", wanted ? "with" : "without",
                 wanted ? "not set" : "set");
        else if (stays < 0)
            cannot_tell(run, 0, "this program could not be run again: no /proc/self/exe, or it may not be run");
        else if (stays == wanted)
            fail(run, 0, "%s O_CLOEXEC: after exec the descriptor is %s", wanted ? "with" : "without",
                 wanted ? "still open" : "closed");
        sys_close(fd);
    }
}
