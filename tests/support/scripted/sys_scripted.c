/* A heap made of memfds, in the place of sys_linux.c, that answers as the kernel documents and, when BRINGUP_FAULT
 * names a defect, has that defect. For the test suite alone: it shows that each test can fail. */
#include "scripted.h"

#include "ion.h"
#include "sys.h"
#include "text.h"
#include "trace_scripted.h"
#include "uapi.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SYSTEM_BYTES (256ull << 20)
#define CMA_BYTES (16ull << 20)
#define LATE_NS 1000000000u

struct scripted_fd fds[MAX_FDS];
uint64_t *ghost;
static uint64_t used[2];
static bool freed_dirty;
static unsigned allocations;
static bool used_up; /* a CMA allocation was refused */

bool fault(const char *name)
{
    const char *planted = getenv("BRINGUP_FAULT");
    return planted && strcmp(planted, name) == 0;
}

int refuse(int error)
{
    errno = error;
    return -1;
}

/* The program's threads come one after the other here. */
static pthread_mutex_t turn = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;

static void leave(int *unused)
{
    (void)unused;
    pthread_mutex_unlock(&turn);
}

#define ONE_AT_A_TIME __attribute__((cleanup(leave), unused)) int entered = pthread_mutex_lock(&turn)

static bool in_thread(void)
{
    return syscall(SYS_gettid) != getpid();
}

/* A size that only many workers ask for. */
static bool workers_size(uint64_t size)
{
    uint64_t pages = size / (uint64_t)sysconf(_SC_PAGESIZE);
    return pages > 4 && pages < 256 && pages != 16;
}

__attribute__((constructor)) static void share_ghost(void)
{
    ghost = mmap(NULL, sizeof *ghost, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

const char *const heap_names[] = {"system", "linux,cma", "protected,secure-video", "vendor-secure"};

int sys_list_heaps(void (*each)(const char *name))
{
    for (size_t i = 0; i < sizeof heap_names / sizeof heap_names[0]; i++)
        each(heap_names[i]);
    return 0;
}

bool sys_heap_is_cma(const char *name)
{
    return strcmp(name, "linux,cma") == 0;
}

/* Freed, and not yet counted as free. With `freed_to_a_list` they are on a CPU's own list, which the next allocation from
 * the area empties; with `freed_late` the kernel frees them a second after close. */
static struct {
    uint64_t bytes, since;
} uncounted[2];

static uint64_t clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t counted(bool cma, uint64_t bytes)
{
    bool on_a_list = cma && fault("freed_to_a_list");
    bool late = fault("freed_late") && clock_ns() - uncounted[cma].since < LATE_NS;
    uint64_t missing = on_a_list || late ? uncounted[cma].bytes : 0;
    return missing < bytes ? bytes - missing : 0;
}

/* A single page is freed at once. */
static void freed(bool cma, uint64_t bytes)
{
    uint64_t now = clock_ns();
    if (fault("freed_late") && bytes <= (uint64_t)sysconf(_SC_PAGESIZE))
        return;
    if (fault("freed_late") && now - uncounted[cma].since >= LATE_NS)
        uncounted[cma].bytes = 0;
    uncounted[cma].bytes += bytes;
    uncounted[cma].since = now;
}

/* With `files_read`, somebody has read files since much was held: they take MemFree, and the kernel can take them back. */
static bool much_was_held;

bool sys_memory(struct memory *memory)
{
    uint64_t free = counted(false, SYSTEM_BYTES - used[0]);
    *memory = (struct memory){2 * SYSTEM_BYTES, free, free + SYSTEM_BYTES / 4};
    if (much_was_held && fault("files_read"))
        memory->free -= SYSTEM_BYTES / 4 < free ? SYSTEM_BYTES / 4 : free;
    return !fault("free_unknown");
}

bool sys_free_memory(const char *name, bool cma, uint64_t *bytes)
{
    (void)name;
    *bytes = counted(cma, (cma ? CMA_BYTES : SYSTEM_BYTES) - used[cma]);
    return !fault("free_unknown");
}

static int open_ion(void)
{
    if (fault("open_denied") || !scripted_has_ion())
        return refuse(fault("open_denied") ? EACCES : ENOENT);
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (fd >= 0)
        fds[fd].kind = ION;
    return fd;
}

int sys_open_heap(const char *name)
{
    if (is_ion(name))
        return open_ion();
    size_t at = 0;
    while (at < sizeof heap_names / sizeof heap_names[0] && strcmp(heap_names[at], name) != 0)
        at++;
    if (fault("open_denied") || at == sizeof heap_names / sizeof heap_names[0]) {
        errno = fault("open_denied") ? EACCES : ENOENT;
        return -1;
    }
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        fds[fd].kind = HEAP;
        fds[fd].cma = at == 1;
        fds[fd].heap = (unsigned)at;
        fds[fd].unmappable = (at >= 2 && !(at == 2 && fault("protected_maps"))) || (at == 0 && fault("system_unmappable"));
    }
    return fd;
}

/* A defect of speed: the call takes so much longer. */
static void dawdle(uint64_t ns)
{
    struct timespec now, begun;
    clock_gettime(CLOCK_MONOTONIC, &begun);
    do
        clock_gettime(CLOCK_MONOTONIC, &now);
    while ((uint64_t)(now.tv_sec - begun.tv_sec) * 1000000000u + (uint64_t)(now.tv_nsec - begun.tv_nsec) < ns);
}

/* The kernel's own way to find out: let it copy. */
bool copy_in(void *to, const void *from, size_t size)
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

/* The buffer's memory. One defect: buffers of some sizes share theirs. */
static int make_file(uint64_t size)
{
    static int shared = -1;
    uint64_t most = 64u * (uint64_t)sysconf(_SC_PAGESIZE);
    bool share = fault(in_thread() ? "cross_talk_of_threads" : "cross_talk") && workers_size(size);
    int fd = share && shared >= 0 ? fcntl(shared, F_DUPFD_CLOEXEC, 0) : (int)syscall(SYS_memfd_create, "scripted", 1u);
    if (fd < 0 || ftruncate(fd, (off_t)(share ? most : size)) != 0)
        abort();
    if (share && shared < 0)
        shared = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    return fd;
}

/* The same number with the access mode and O_CLOEXEC that were asked for. */
static int reopened(int fd, uint32_t flags)
{
    char path[32];
    if (fault("cloexec"))
        flags |= O_CLOEXEC;
    if ((flags & O_ACCMODE) == O_RDWR && flags & O_CLOEXEC)
        return fd;
    format_text(path, sizeof path, "/proc/self/fd/%d", fd);
    int other = open(path, (int)(flags & O_ACCMODE) | O_CLOEXEC);
    if (other < 0 || dup3(other, fd, flags & O_CLOEXEC ? O_CLOEXEC : 0) != fd || close(other) != 0)
        abort();
    return fd;
}

static int allocate(int heap, struct dma_heap_allocation_data *data)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t size = (data->len + page - 1) / page * page;
    bool cma = fds[heap].cma;
    if (fault("slow_alloc") && !cma)
        dawdle(200000);
    if (fault("no_memory") || (size >= 1 << 20 && fault("no_large_memory")))
        return refuse(ENOMEM);
    if (fault("no_descriptors"))
        return refuse(EMFILE);
    if (cma && used_up && size > CMA_BYTES / 4 && fault("cma_stays_in_pieces"))
        return refuse(ENOMEM);
    if (cma && used[cma] + size > CMA_BYTES / (fault("cma_half") ? 2 : 1)) {
        used_up = true;
        return refuse(fault("exhausted_errno") ? EIO : ENOMEM);
    }
    if (used[cma] + size > SYSTEM_BYTES || (allocations == 0 && size == 65536 && fault("enomem")))
        return refuse(ENOMEM);
    if (allocations == 0 && size == 65536 && fault("closed_fd")) {
        data->fd = 1000;
        return 0;
    }
    int fd = make_file(size);
    if (fd < 0 || fd >= MAX_FDS)
        abort();
    fds[fd].kind = BUFFER;
    fds[fd].cma = cma;
    fds[fd].unmappable = fds[heap].unmappable;
    fds[fd].size = size;
    fds[fd].heap = fds[heap].heap;
    used[cma] += size;
    uncounted[cma].bytes = fault("freed_to_a_list") ? 0 : uncounted[cma].bytes;
    much_was_held = much_was_held || used[0] >= SYSTEM_BYTES / 4;
    const char *cap = getenv("BRINGUP_CAP");
    if (cap && used[cma] > strtoull(cap, NULL, 10))
        abort(); /* more is held than the test suite allows */
    if ((allocations == 0 && fault("dirty_fresh")) || (freed_dirty && fault("dirty_reuse")))
        soil(fd, size);
    allocations++;
    tell_made(cma, size / page);
    fd = reopened(fd, data->fd_flags);
    data->fd = (uint32_t)fd;
    return 0;
}

int scripted_buffer(int device, uint64_t len, bool cma)
{
    struct dma_heap_allocation_data data = {.len = len, .fd_flags = O_RDWR | O_CLOEXEC};
    fds[device].cma = cma;
    fds[device].heap = cma;
    fds[device].unmappable = !cma && fault("system_unmappable");
    return allocate(device, &data) == 0 ? (int)data.fd : -1;
}

bool scripted_is_buffer(int fd)
{
    return fd >= 0 && fd < MAX_FDS && fds[fd].kind == BUFFER;
}

int scripted_share(int buffer, bool moved)
{
    int fd = fcntl(buffer, F_DUPFD_CLOEXEC, 0);
    if (fd < 0 || fd >= MAX_FDS)
        abort();
    fds[fd] = fds[buffer];
    fds[fd].kind = BUFFER;
    if (moved)
        fds[buffer].kind = OTHER;
    else
        used[fds[fd].cma] += fds[fd].size;
    return fd;
}

static int refuse_heap(int error)
{
    if (fault("leak_fd"))
        fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
    return refuse(error);
}

static int heap_ioctl(int fd, unsigned long request, void *argument)
{
    const uint32_t good_flags = O_CLOEXEC | O_ACCMODE;
    struct dma_heap_allocation_data data = {0};
    size_t size = request >> 16 & 0x3fff;
    if (size < sizeof data && fault("older_struct"))
        return refuse_heap(EINVAL);
    if (size > sizeof data && fault("newer_struct"))
        return refuse_heap(EINVAL);
    if ((request >> 8 & 0xff) != 'H' && fault("other_magic"))
        return refuse_heap(ENOTTY);
    if (size > sizeof data)
        size = sizeof data;
    if (request & 0xff)
        return refuse_heap(fault("ioctl_number") ? ENOTTY : EINVAL);
    if (!copy_in(&data, argument, size))
        return refuse_heap(fault("pointer") ? EINVAL : EFAULT);
    if (data.fd && !fault("fd"))
        return refuse_heap(EINVAL);
    if (data.fd_flags & ~good_flags && !fault("fd_flags"))
        return refuse_heap(EINVAL);
    if (data.heap_flags && !fault("heap_flags"))
        return refuse_heap(EINVAL);
    if (data.len == 0)
        return refuse_heap(fault("len_zero") ? ENOMEM : EINVAL);
    if (data.len > UINT64_MAX - 65536)
        return refuse_heap(fault("len_max") ? ENOMEM : EINVAL);
    int result = allocate(fd, &data);
    if (result == 0 && !copy_in(argument, &data, size)) {
        if (!fault("leak_on_efault"))
            sys_close((int)data.fd);
        errno = EFAULT;
        return -1;
    }
    return result;
}

int sys_ioctl(int fd, unsigned long request, void *argument)
{
    ONE_AT_A_TIME;
    enum kind kind = fd >= 0 && fd < MAX_FDS ? fds[fd].kind : OTHER;
    if (kind == ION)
        return scripted_ion_ioctl(fd, request, argument);
    if (kind == HEAP)
        return heap_ioctl(fd, request, argument);
    if (kind == BUFFER)
        return buffer_ioctl(fd, request, argument);
    if (kind == CARD)
        return card_ioctl(request, argument);
    if (kind == UDMABUFS)
        return make_udmabuf(argument);
    if (kind == TIMELINE)
        return timeline_ioctl(request, argument);
    if (fault("not_a_heap"))
        return refuse(EINVAL);
    return ioctl(fd, request, argument);
}

int sys_close(int fd)
{
    ONE_AT_A_TIME;
    if (fd >= 0 && fd < MAX_FDS && fds[fd].kind == BUFFER) {
        char last = 0;
        if (pread(fd, &last, 1, (off_t)fds[fd].size - 1) == 1 && last)
            freed_dirty = true;
        uint64_t size, inode;
        bool of_workers = workers_size(fds[fd].size);
        bool stays = !of_workers && fault("bufinfo_stays");
        stays = stays || (of_workers && fault(in_thread() ? "stays_counted_of_threads" : "stays_counted"));
        if (stays && sys_stat(fd, &size, &inode) == 0)
            *ghost = inode;
        if (of_workers && in_thread() && fault("threads_leak"))
            fcntl(fd, F_DUPFD_CLOEXEC, 0);
        tell_closed(fds[fd].cma, fds[fd].size / (uint64_t)sysconf(_SC_PAGESIZE));
        freed(fds[fd].cma, fds[fd].size);
        if (!fault("leak_memory") && !(used_up && fault("exhausted_leak")))
            used[fds[fd].cma] -= fds[fd].size;
    }
    if (fd >= 0 && fd < MAX_FDS)
        memset(&fds[fd], 0, sizeof fds[fd]);
    return close(fd);
}

/* One defect: the descriptor that was to be closed by exec is not. */
bool sys_is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0 || fault("open_after_exec");
}

off_t sys_lseek(int fd, off_t offset, int whence)
{
    if ((offset != 0 || (whence != SEEK_SET && whence != SEEK_END)) && !fault("bad_lseek"))
        return refuse(EINVAL);
    if (whence != SEEK_END)
        return 0;
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), end = fds[fd].size;
    if (fault("short_size") && end == 1 << 20)
        return (off_t)(end - page);
    return (off_t)(fault("not_rounded") && end == 2 * page ? end - page + 1 : end);
}

int sys_stat(int fd, uint64_t *size, uint64_t *inode)
{
    struct stat found;
    if (fstat(fd, &found) != 0)
        return -1;
    *size = (uint64_t)found.st_size + fault("fstat_size");
    *inode = found.st_ino;
    return 0;
}

int sys_poll(struct pollfd *fd)
{
    int ready = poll(fd, 1, 0);
    if (fault("poll") && !fds[fd->fd].fenced)
        fd->revents = POLLOUT;
    if (fds[fd->fd].fence)
        fd->revents = fds[fd->fd].fence == DMA_BUF_SYNC_READ ? POLLIN : 0;
    return ready;
}

static struct {
    char *begin, *end;
    int fd;
} last_map;

static void *refuse_map(int error)
{
    errno = error;
    return MAP_FAILED;
}

/* A mapping with a defect, or NULL. A private one loses what is written to it. */
static void *faulty_map(int fd, size_t size, int protection)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    int mode = fcntl(fd, F_GETFL) & O_ACCMODE;
    if (fault("access_rdwr") && mode == O_RDWR && protection == PROT_WRITE)
        return refuse_map(EACCES);
    if ((fault("access_rdonly") && mode == O_RDONLY && protection & PROT_WRITE) ||
        (fault("access_wronly") && mode == O_WRONLY && protection == PROT_READ) || (fault("share_lost") && fds[fd].kind == OTHER))
        return mmap(NULL, size, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if ((fault("udmabuf_private") && fds[fd].kind == UDMABUF) || (fault("lost_write") && size == 65536) || (fault("incoherent") && size == page && fds[fd].mappings > 0))
        return mmap(NULL, size, protection, MAP_PRIVATE, fd, 0);
    return NULL;
}

void *sys_map(int fd, size_t size, int protection, int flags, off_t offset)
{
    ONE_AT_A_TIME;
    bool buffer = fds[fd].kind == BUFFER;
    if (fds[fd].unmappable || (buffer && (uint64_t)offset + size > fds[fd].size && !fault("map_beyond")) ||
        (fds[fd].cma && flags & MAP_PRIVATE && !fault("map_private")))
        return refuse_map(EINVAL);
    void *at = faulty_map(fd, size, protection);
    if (!at)
        at = mmap(NULL, size, protection, flags, fd, offset);
    if (at != MAP_FAILED) {
        fds[fd].mappings++;
        last_map.begin = at;
        last_map.end = last_map.begin + size;
        last_map.fd = fd;
    }
    return at;
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
    ONE_AT_A_TIME;
    char *begin = at, *end = begin + size;
    int result = munmap(at, size);
    if (begin == last_map.begin)
        fds[last_map.fd].mappings--;
    else if (fault("partial_unmap") && begin > last_map.begin && end < last_map.end)
        memset(end, 0, 8);
    return result;
}

bool sys_kernel(unsigned version[3])
{
    const char *set = getenv("BRINGUP_KERNEL");
    char *at = (char *)(set ? set : "7.2.13");
    for (int i = 0; i < 3; i++)
        version[i] = (unsigned)strtoul(at + (i > 0), &at, 10);
    return true;
}

int sys_log(const char *line)
{
    return *line == '<' && !fault("log_denied") ? 0 : EACCES;
}
