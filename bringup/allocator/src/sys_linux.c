/* What the heap tests ask of the kernel, on Linux. */
#include "sys.h"

#include "heap.h"
#include "ion.h"
#include "text.h"
#include "uapi.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

int sys_open_heap(const char *name)
{
    char path[512];
    if (is_ion(name))
        return open(ION_NODE, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (!format_text(path, sizeof path, DMA_HEAP_DIRECTORY "/%s", name) || strchr(name, '/')) {
        errno = ENAMETOOLONG;
        return -1;
    }
    /* Android's nodes are 0444 and libdmabufheap opens them read-only: that has to be enough. */
    return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

int sys_open_device(const char *path)
{
    return open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

/* The raw call: a libc may take the request as a signed int. */
int sys_ioctl(int fd, unsigned long request, void *argument)
{
    return (int)syscall(SYS_ioctl, fd, request, argument);
}

int sys_close(int fd)
{
    return close(fd);
}

off_t sys_lseek(int fd, off_t offset, int whence)
{
    return lseek(fd, offset, whence);
}

bool sys_is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

int sys_poll(struct pollfd *fd)
{
    return poll(fd, 1, 0);
}

int sys_stat(int fd, uint64_t *size, uint64_t *inode)
{
    struct stat found;
    if (fstat(fd, &found) != 0)
        return -1;
    *size = (uint64_t)found.st_size;
    *inode = found.st_ino;
    return 0;
}

void *sys_map(int fd, size_t size, int protection, int flags, off_t offset)
{
    return mmap(NULL, size, protection, flags, fd, offset);
}

int sys_unmap(void *at, size_t size)
{
    return munmap(at, size);
}

int sys_list_heaps(void (*each)(const char *name))
{
    DIR *directory = opendir(DMA_HEAP_DIRECTORY);
    if (!directory)
        return -1;
    const struct dirent *entry;
    while ((entry = readdir(directory)) != NULL)
        if (entry->d_name[0] != '.')
            each(entry->d_name);
    closedir(directory);
    return 0;
}

static bool exists(const char *folder, const char *name, const char *below)
{
    char path[512];
    struct stat found;
    return format_text(path, sizeof path, "%s/%s%s", folder, name, below) && stat(path, &found) == 0;
}

/* By a name that the kernel's own drivers give, else by what the board reports about its areas. */
bool sys_heap_is_cma(const char *name)
{
    for (const char *const *known = default_cma_names; *known; known++) {
        size_t size = strlen(*known);
        if (strncmp(name, *known, size) == 0 && (name[size] == 0 || name[size] == '@' || name[size] == '-'))
            return true;
    }
    return strstr(name, "cma") || exists("/sys/kernel/mm/cma", name, "") ||
           exists("/proc/device-tree/reserved-memory", name, "/reusable");
}

/* Read to its end: a file of the kernel gives no more than a page or so at a time. */
ssize_t sys_read_text(const char *path, char *text, size_t capacity)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return -1;
    size_t held = 0;
    ssize_t size;
    while ((size = read(fd, text + held, capacity - 1 - held)) > 0)
        held += (size_t)size;
    int error = errno;
    close(fd);
    errno = error;
    if (size < 0)
        return -1;
    text[held] = 0;
    return (ssize_t)held;
}

bool sys_kernel(unsigned version[3])
{
    struct utsname name;
    if (uname(&name) != 0)
        return false;
    const char *at = name.release;
    for (int i = 0; i < 3; i++) {
        char *end;
        version[i] = (unsigned)strtoul(at, &end, 10);
        if (end == at)
            return i >= 2; /* 7.2-rc1 */
        at = *end == '.' ? end + 1 : end;
    }
    return true;
}

/* The bytes that a text of /proc/meminfo gives for `key`, which ends in a colon. */
static bool figure_of(const char *text, const char *key, uint64_t *bytes)
{
    const char *line = strstr(text, key);
    if (!line || (line != text && line[-1] != '\n'))
        return false;
    *bytes = strtoull(line + strlen(key), NULL, 10) * 1024;
    return true;
}

static bool meminfo(const char *key, uint64_t *bytes)
{
    char text[8192];
    return sys_read_text("/proc/meminfo", text, sizeof text) >= 0 && figure_of(text, key, bytes);
}

bool sys_memory(struct memory *memory)
{
    char text[8192];
    struct sysinfo info;
    bool known = sysinfo(&info) == 0;
    if (known)
        *memory = (struct memory){(uint64_t)info.totalram * info.mem_unit, (uint64_t)info.freeram * info.mem_unit, 0};
    if (sys_read_text("/proc/meminfo", text, sizeof text) < 0)
        text[0] = 0;
    known = figure_of(text, "MemFree:", &memory->free) || known;
    figure_of(text, "MemTotal:", &memory->total);
    if (!figure_of(text, "MemAvailable:", &memory->available))
        memory->available = memory->free;
    return known;
}

/* A number of one or two big-endian cells, as device trees hold them. */
static uint64_t cells(const unsigned char *bytes, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | bytes[i];
    return value;
}

static ssize_t read_property(const char *name, const char *property, unsigned char *bytes, size_t capacity)
{
    char path[512];
    if (!format_text(path, sizeof path, "/proc/device-tree/reserved-memory/%s%s", name, property))
        return -1;
    return sys_read_text(path, (char *)bytes, capacity);
}

/* The area's whole size by its reserved-memory node: `size`, or the last part of `reg`. */
static bool area_size(const char *name, uint64_t *bytes)
{
    unsigned char property[17], count[5];
    ssize_t size = read_property(name, "/size", property, sizeof property);
    if (size == 4 || size == 8) {
        *bytes = cells(property, (size_t)size);
        return true;
    }
    size = read_property(name, "/reg", property, sizeof property);
    bool counted = read_property("", "#size-cells", count, sizeof count) == 4;
    size_t width = counted && cells(count, 4) == 2 ? 8 : 4;
    if (size < (ssize_t)width)
        return false;
    *bytes = cells(property + size - width, width);
    return true;
}

/* Pages by debugfs: `count` and `used`. Its folder is the area's name, with a prefix before Linux 5.15. */
static bool debugfs_pages(const char *name, const char *file, uint64_t *pages)
{
    char path[512], text[32];
    for (int i = 0; i < 2; i++) {
        format_text(path, sizeof path, "/sys/kernel/debug/cma/%s%s/%s", i ? "cma-" : "", name, file);
        if (sys_read_text(path, text, sizeof text) > 0) {
            *pages = strtoull(text, NULL, 10);
            return true;
        }
    }
    return false;
}

/* What is free in the area behind a CMA heap. Older kernels report only the sum over all areas; then a heap cannot
 * give more than its own area. */
static bool cma_free(const char *name, uint64_t *bytes)
{
    char path[512], text[32];
    uint64_t most, used;
    if (format_text(path, sizeof path, "/sys/kernel/mm/cma/%s/available_pages", name) &&
        sys_read_text(path, text, sizeof text) > 0) {
        *bytes = strtoull(text, NULL, 10) * (uint64_t)getpagesize();
        return true;
    }
    if (debugfs_pages(name, "count", &most) && debugfs_pages(name, "used", &used) && used <= most) {
        *bytes = (most - used) * (uint64_t)getpagesize();
        return true;
    }
    if (!meminfo("CmaFree:", bytes))
        return false;
    if (area_size(name, &most) && most < *bytes)
        *bytes = most;
    return true;
}

bool sys_free_memory(const char *name, bool cma, uint64_t *bytes)
{
    char area[256];
    format_text(area, sizeof area, "%s", name);
    if (is_ion(name)) { /* ION calls a CMA heap by its area's name */
        format_text(area, sizeof area, "%s", name + sizeof ION_PREFIX - 1);
        area[strcspn(area, "/")] = 0;
    }
    if (cma)
        return cma_free(area, bytes);
    struct memory memory;
    if (!sys_memory(&memory))
        return false;
    *bytes = memory.free;
    return true;
}

int sys_log(const char *line)
{
    int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC | O_NOCTTY);
    int error = fd < 0 || write(fd, line, strlen(line)) < 0 ? errno : 0;
    if (fd >= 0)
        close(fd);
    return error;
}
