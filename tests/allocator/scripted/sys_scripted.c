/* A heap made of memfds, in the place of sys_linux.c, that answers as the kernel documents and, when BRINGUP_FAULT
 * names a defect, has that defect. For the test suite alone: it shows that each test can fail. */
#include "sys.h"

#include "uapi.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_FDS 1024
#define SYSTEM_BYTES (256ull << 20)
#define CMA_BYTES (16ull << 20)

enum kind { OTHER, HEAP, BUFFER };

static struct {
    enum kind kind;
    bool cma, unmappable, dirty;
    uint64_t size;
} fds[MAX_FDS];
static uint64_t used[2];
static bool freed_dirty;
static unsigned allocations;

static bool fault(const char *name)
{
    const char *planted = getenv("BRINGUP_FAULT");
    return planted && strcmp(planted, name) == 0;
}

static int refuse(int error)
{
    if (fault("leak_fd"))
        fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
    errno = error;
    return -1;
}

static const char *const heaps[] = {"system", "linux,cma", "protected,secure-video", "vendor-secure"};

int sys_list_heaps(void (*each)(const char *name))
{
    for (size_t i = 0; i < sizeof heaps / sizeof heaps[0]; i++)
        each(heaps[i]);
    return 0;
}

bool sys_heap_is_cma(const char *name)
{
    return strcmp(name, "linux,cma") == 0;
}

bool sys_free_memory(const char *name, bool cma, uint64_t *bytes)
{
    (void)name;
    *bytes = (cma ? CMA_BYTES : SYSTEM_BYTES) - used[cma];
    return !fault("free_unknown");
}

int sys_open_heap(const char *name)
{
    size_t at = 0;
    while (at < sizeof heaps / sizeof heaps[0] && strcmp(heaps[at], name) != 0)
        at++;
    if (fault("open_denied") || at == sizeof heaps / sizeof heaps[0]) {
        errno = fault("open_denied") ? EACCES : ENOENT;
        return -1;
    }
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        fds[fd].kind = HEAP;
        fds[fd].cma = at == 1;
        fds[fd].unmappable = at >= 2 || (at == 0 && fault("system_unmappable"));
    }
    return fd;
}

/* The kernel's own way to find out: let it copy. */
static bool copy_in(void *to, const void *from, size_t size)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    bool good = write(ends[1], from, size) == (ssize_t)size && read(ends[0], to, size) == (ssize_t)size;
    close(ends[0]);
    close(ends[1]);
    return good;
}

static void soil(int fd, uint64_t size)
{
    const char byte = 0x5a;
    if (pwrite(fd, &byte, 1, (off_t)size - 1) != 1)
        abort();
}

static int allocate(int heap, struct dma_heap_allocation_data *data)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t size = (data->len + page - 1) / page * page;
    bool cma = fds[heap].cma;
    if (fault("no_memory") || (size >= 1 << 20 && fault("no_large_memory")))
        return refuse(ENOMEM);
    if (fault("no_descriptors"))
        return refuse(EMFILE);
    if (used[cma] + size > (cma ? CMA_BYTES : SYSTEM_BYTES) || (allocations == 0 && size == 65536 && fault("enomem")))
        return refuse(ENOMEM);
    if (allocations == 0 && size == 65536 && fault("closed_fd")) {
        data->fd = 1000;
        return 0;
    }
    int fd = (int)syscall(SYS_memfd_create, "scripted", 1u);
    if (fd < 0 || fd >= MAX_FDS || ftruncate(fd, (off_t)size) != 0)
        abort();
    fds[fd].kind = BUFFER;
    fds[fd].cma = cma;
    fds[fd].unmappable = fds[heap].unmappable;
    fds[fd].size = size;
    used[cma] += size;
    const char *cap = getenv("BRINGUP_CAP");
    if (cap && used[cma] > strtoull(cap, NULL, 10))
        abort(); /* more is held than the test suite allows */
    if ((allocations == 0 && fault("dirty_fresh")) || (freed_dirty && fault("dirty_reuse")))
        soil(fd, size);
    allocations++;
    data->fd = (uint32_t)fd;
    return 0;
}

static int heap_ioctl(int fd, unsigned long request, void *argument)
{
    const uint32_t good_flags = O_CLOEXEC | O_ACCMODE;
    struct dma_heap_allocation_data data;
    if (request & 0xff)
        return refuse(fault("ioctl_number") ? ENOTTY : EINVAL);
    if (!copy_in(&data, argument, sizeof data))
        return refuse(fault("pointer") ? EINVAL : EFAULT);
    if (data.fd && !fault("fd"))
        return refuse(EINVAL);
    if (data.fd_flags & ~good_flags && !fault("fd_flags"))
        return refuse(EINVAL);
    if (data.heap_flags && !fault("heap_flags"))
        return refuse(EINVAL);
    if (data.len == 0)
        return refuse(fault("len_zero") ? ENOMEM : EINVAL);
    if (data.len > UINT64_MAX - 65536)
        return refuse(fault("len_max") ? ENOMEM : EINVAL);
    int result = allocate(fd, &data);
    if (result == 0)
        memcpy(argument, &data, sizeof data);
    return result;
}

static int buffer_ioctl(unsigned long request, const void *argument)
{
    struct dma_buf_sync sync;
    if (request != DMA_BUF_IOCTL_SYNC)
        return refuse(ENOTTY);
    if (!copy_in(&sync, argument, sizeof sync))
        return refuse(EFAULT);
    if ((sync.flags & ~7ull || !(sync.flags & DMA_BUF_SYNC_RW)) && !fault("sync_bad_flags"))
        return refuse(EINVAL);
    if (sync.flags == (DMA_BUF_SYNC_END | DMA_BUF_SYNC_WRITE) && fault("sync_error"))
        return refuse(EIO);
    if (sync.flags == (DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ) && fault("sync_crash")) {
        signal(SIGBUS, SIG_DFL); /* a sanitizer has a handler of its own */
        raise(SIGBUS);
    }
    if (sync.flags == (DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ) && fault("sync_hang"))
        for (;;)
            pause();
    return 0;
}

int sys_ioctl(int fd, unsigned long request, void *argument)
{
    enum kind kind = fd >= 0 && fd < MAX_FDS ? fds[fd].kind : OTHER;
    if (kind == HEAP)
        return heap_ioctl(fd, request, argument);
    if (kind == BUFFER)
        return buffer_ioctl(request, argument);
    if (fault("not_a_heap"))
        return refuse(EINVAL);
    return ioctl(fd, request, argument);
}

int sys_close(int fd)
{
    if (fd >= 0 && fd < MAX_FDS && fds[fd].kind == BUFFER) {
        char last = 0;
        if (pread(fd, &last, 1, (off_t)fds[fd].size - 1) == 1 && last)
            freed_dirty = true;
        if (!fault("leak_memory"))
            used[fds[fd].cma] -= fds[fd].size;
    }
    if (fd >= 0 && fd < MAX_FDS)
        memset(&fds[fd], 0, sizeof fds[fd]);
    return close(fd);
}

off_t sys_lseek(int fd, off_t offset, int whence)
{
    off_t end = lseek(fd, offset, whence);
    return end > 0 && fault("short_size") ? end - 4096 : end;
}

void *sys_map(int fd, size_t size)
{
    if (fds[fd].unmappable) {
        errno = EINVAL;
        return MAP_FAILED;
    }
    /* A private mapping loses what is written to it. */
    return mmap(NULL, size, PROT_READ | PROT_WRITE, fault("lost_write") ? MAP_PRIVATE : MAP_SHARED, fd, 0);
}

/* Compiled with -Dread=scripted_read: a file of 4321 bytes blocks as a driver's may, until a signal comes. */
ssize_t scripted_read(int fd, void *to, size_t size)
{
    struct stat file;
    if (fault("read_blocks") && fstat(fd, &file) == 0 && S_ISREG(file.st_mode) && file.st_size == 4321)
        return pause();
    return syscall(SYS_read, fd, to, size);
}

int sys_unmap(void *at, size_t size)
{
    return munmap(at, size);
}
