/* A heap's buffer and other users of DMA-BUF: a DRM driver that imports it, another exporter, a fence. */
#include "errnos.h"
#include "sys.h"
#include "text.h"
#include "heap_test.h"
#include "uapi.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RENDER_NODES 16
#define FIRST_RENDER_NODE 128
#define SW_SYNC "/sys/kernel/debug/sync/sw_sync"
#define PATTERN 0x6f74686572627566u

/* The buffer and the one that came back have to be one. */
static void compare(struct test_run *run, const char *driver, int fd, int other)
{
    uint64_t size, mine, its = 0;
    if (sys_stat(fd, &size, &mine) != 0 || sys_stat(other, &size, &its) != 0 || mine != its)
        fail(run, 0, "%s: PRIME_HANDLE_TO_FD gives inode %llu for the buffer with inode %llu", driver,
             (unsigned long long)its, (unsigned long long)mine);
}

/* With the buffer in the driver's hands: SYNC goes to its attachment, and the driver gives the same buffer back. */
static void use_imported(struct test_run *run, const char *driver, int card, int fd, uint32_t handle)
{
    struct drm_prime_handle back = {.handle = handle, .flags = O_CLOEXEC | O_RDWR, .fd = -1};
    struct drm_gem_close drop = {.handle = handle};
    for (uint64_t end = 0; end <= DMA_BUF_SYNC_END; end += DMA_BUF_SYNC_END) {
        struct dma_buf_sync sync = {.flags = DMA_BUF_SYNC_RW | end};
        if (sys_ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync) != 0)
            fail(run, errno, "SYNC of a buffer that %s has imported: %s", driver, errno_name(errno));
    }
    if (sys_ioctl(card, DRM_IOCTL_PRIME_HANDLE_TO_FD, &back) != 0) {
        fail(run, errno, "%s: PRIME_HANDLE_TO_FD: %s", driver, errno_name(errno));
    } else {
        compare(run, driver, fd, back.fd);
        sys_close(back.fd);
    }
    if (sys_ioctl(card, DRM_IOCTL_GEM_CLOSE, &drop) != 0)
        fail(run, errno, "%s: GEM_CLOSE: %s", driver, errno_name(errno));
}

/* True when this node took the buffer, or should have. What a driver refuses may be its own limit, but vgem has none. */
static bool import_into(struct test_run *run, int card, int fd, char *refusals, size_t capacity)
{
    char driver[32] = "";
    struct drm_version version = {.name_len = sizeof driver - 1, .name = driver};
    struct drm_prime_handle import = {.fd = fd};
    size_t held = strlen(refusals);
    if (sys_ioctl(card, DRM_IOCTL_VERSION, &version) != 0)
        return false;
    if (sys_ioctl(card, DRM_IOCTL_PRIME_FD_TO_HANDLE, &import) == 0) {
        use_imported(run, driver, card, fd, import.handle);
        return true;
    }
    if (strcmp(driver, "vgem") == 0) {
        fail(run, errno, "vgem does not import the buffer: %s", errno_name(errno));
        return true;
    }
    format_text(refusals + held, capacity - held, "%s%s: %s", held ? ", " : "", driver, errno_name(errno));
    return false;
}

void test_drm_import(struct test_run *run)
{
    char path[32], refusals[200] = "";
    bool done = false;
    int fd = buffer_need(run, run->heap->page);
    for (int i = 0; fd >= 0 && i < RENDER_NODES && !done; i++) {
        format_text(path, sizeof path, "/dev/dri/renderD%d", FIRST_RENDER_NODE + i);
        int card = sys_open_device(path);
        if (card < 0)
            continue;
        done = import_into(run, card, fd, refusals, sizeof refusals);
        sys_close(card);
    }
    if (fd < 0)
        return;
    if (!done)
        skip(run, refusals[0] ? "no DRM driver imports it: %s" : "no DRM render node opens here%s", refusals);
    sys_close(fd);
}

/* A udmabuf of one page of a sealed memfd, or -1 after setting the verdict. */
static int make_udmabuf(struct test_run *run, int device, int *memfd)
{
    size_t page = (size_t)run->heap->page;
    *memfd = (int)syscall(SYS_memfd_create, "bringup", 1u | 2u /* MFD_CLOEXEC, MFD_ALLOW_SEALING */);
    if (*memfd < 0 || ftruncate(*memfd, (off_t)page) != 0 || fcntl(*memfd, F_ADD_SEALS, F_SEAL_SHRINK) != 0) {
        cannot_tell(run, errno, "memfd with seals: %s", errno_name(errno));
        return -1;
    }
    struct udmabuf_create create = {.memfd = (uint32_t)*memfd, .flags = 1 /* UDMABUF_FLAGS_CLOEXEC */, .size = page};
    int fd = sys_ioctl(device, UDMABUF_CREATE, &create);
    if (fd < 0)
        cannot_tell(run, errno, "UDMABUF_CREATE: %s", errno_name(errno));
    return fd;
}

/* Word by word through both mappings at once; then what the memfd and the heap's buffer hold. */
static void write_beside(struct test_run *run, uint64_t *mine, uint64_t *its, int memfd)
{
    uint64_t words = run->heap->page / 8, seen = 0;
    for (uint64_t i = 0; i < words; i++) {
        mine[i] = PATTERN + i;
        its[i] = ~(PATTERN + i);
    }
    for (uint64_t i = 0; i < words; i++) {
        if (pread(memfd, &seen, 8, (off_t)(i * 8)) != 8 || seen != ~(PATTERN + i) || its[i] != ~(PATTERN + i))
            fail(run, 0, "offset %llu: the udmabuf's memory holds 0x%016llx, 0x%016llx was written through its mapping",
                 (unsigned long long)(i * 8), (unsigned long long)seen, (unsigned long long)~(PATTERN + i));
        if (mine[i] != PATTERN + i)
            fail(run, 0, "offset %llu: the buffer holds 0x%016llx, 0x%016llx was written, and a udmabuf beside it",
                 (unsigned long long)(i * 8), (unsigned long long)mine[i], (unsigned long long)(PATTERN + i));
    }
}

void test_udmabuf(struct test_run *run)
{
    size_t page = (size_t)run->heap->page;
    int memfd = -1, device = sys_open_device("/dev/udmabuf");
    if (device < 0) {
        skip(run, "/dev/udmabuf: %s", errno_name(errno));
        return;
    }
    int fd = buffer_need(run, page), other = fd < 0 ? -1 : make_udmabuf(run, device, &memfd);
    void *mine = other < 0 ? NULL : buffer_map(run, fd, page);
    void *its = mine ? sys_map(other, page, PROT_READ | PROT_WRITE, MAP_SHARED, 0) : MAP_FAILED;
    if (its != MAP_FAILED) {
        write_beside(run, mine, its, memfd);
        sys_unmap(its, page);
    } else if (mine) {
        cannot_tell(run, errno, "mmap of a udmabuf: %s", errno_name(errno));
    }
    if (mine)
        sys_unmap(mine, page);
    for (int i = 0, fds[] = {fd, other, memfd, device}; i < 4; i++)
        if (fds[i] >= 0)
            sys_close(fds[i]);
}

static void expect(struct test_run *run, int fd, int events, const char *when)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN | POLLOUT};
    if (sys_poll(&ready) < 0)
        fail(run, errno, "poll: %s", errno_name(errno));
    else if (ready.revents != events)
        fail(run, 0, "poll of a buffer %s gives 0x%x, not 0x%x", when, (unsigned)ready.revents, (unsigned)events);
}

/* A software timeline's next fence is put on the buffer, and signals. */
static void fence(struct test_run *run, int timeline, int fd, uint32_t direction)
{
    struct sw_sync_create_fence_data create = {.value = 1, .name = "bringup"};
    uint32_t one = 1;
    if (sys_ioctl(timeline, SW_SYNC_IOC_CREATE_FENCE, &create) != 0) {
        cannot_tell(run, errno, "SW_SYNC_IOC_CREATE_FENCE: %s", errno_name(errno));
        return;
    }
    struct dma_buf_sync_file import = {.flags = direction, .fd = create.fence};
    if (sys_ioctl(fd, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &import) != 0)
        fail(run, errno, "IMPORT_SYNC_FILE of a fence: %s", errno_name(errno));
    else
        expect(run, fd, direction == DMA_BUF_SYNC_READ ? POLLIN : 0,
               direction == DMA_BUF_SYNC_READ ? "that is read from" : "that is written to");
    sys_ioctl(timeline, SW_SYNC_IOC_INC, &one);
    expect(run, fd, POLLIN | POLLOUT, "whose fence has signalled");
    sys_close(create.fence);
}

/* Readers wait for who writes, writers for everybody. */
void test_poll_fence(struct test_run *run)
{
    for (uint32_t direction = DMA_BUF_SYNC_READ; direction <= DMA_BUF_SYNC_WRITE; direction++) {
        int timeline = sys_open_device(SW_SYNC);
        if (timeline < 0) {
            skip(run, SW_SYNC ": %s", errno_name(errno));
            return;
        }
        int fd = buffer_with_sync_files(run);
        if (fd >= 0) {
            fence(run, timeline, fd, direction);
            sys_close(fd);
        }
        sys_close(timeline);
    }
}
