/* What a buffer refuses, and that no refusal leaves a descriptor behind. */
#include "errnos.h"
#include "sys.h"
#include "heap_test.h"
#include "uapi.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

/* The ioctls' argument lies in a page of its own, with these rights. */
static const struct refused {
    const char *what;
    unsigned long request;
    uint64_t argument;
    int protection;
} refused[] = {
    {"SYNC without a direction", DMA_BUF_IOCTL_SYNC, 0, PROT_READ},
    {"SYNC with an unreadable argument", DMA_BUF_IOCTL_SYNC, 0, PROT_NONE},
    {"SET_NAME with an unreadable name", DMA_BUF_SET_NAME_B, 0, PROT_NONE},
    {"an unknown ioctl", DMA_BUF_IOCTL_UNKNOWN, 0, PROT_READ},
    {"EXPORT_SYNC_FILE without a direction", DMA_BUF_IOCTL_EXPORT_SYNC_FILE, 0, PROT_READ | PROT_WRITE},
    {"EXPORT_SYNC_FILE with an unreadable argument", DMA_BUF_IOCTL_EXPORT_SYNC_FILE, 0, PROT_NONE},
    {"EXPORT_SYNC_FILE that cannot write its answer", DMA_BUF_IOCTL_EXPORT_SYNC_FILE, DMA_BUF_SYNC_RW, PROT_READ},
    {"IMPORT_SYNC_FILE of descriptor -1", DMA_BUF_IOCTL_IMPORT_SYNC_FILE, ~0ull << 32 | DMA_BUF_SYNC_RW, PROT_READ},
};

/* Returns whether the call was refused. */
static bool call(int fd, const struct refused *one, uint64_t *argument, size_t page)
{
    mprotect(argument, page, PROT_READ | PROT_WRITE);
    *argument = one->argument;
    mprotect(argument, page, one->protection);
    return sys_ioctl(fd, one->request, argument) != 0;
}

void test_fd_after_refusals(struct test_run *run)
{
    size_t page = (size_t)run->heap->page;
    int fd = buffer_need(run, page);
    if (fd < 0)
        return;
    void *argument = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (size_t i = 0; argument != MAP_FAILED && i < sizeof refused / sizeof refused[0]; i++) {
        unsigned before = open_descriptors();
        bool was = call(fd, &refused[i], argument, page);
        unsigned after = open_descriptors();
        if (was && after != before)
            fail(run, 0, "%s: %u descriptors were open before, %u after", refused[i].what, before, after);
    }
    if (argument == MAP_FAILED)
        cannot_tell(run, errno, "no page for the argument: %s", errno_name(errno));
    else
        munmap(argument, page);
    sys_close(fd);
}

/* Memory of a TEE is not for a CPU: a heap that says so by its name has no mmap (drivers/tee/tee_heap.c). */
void test_protected_mmap(struct test_run *run)
{
    static const int protections[] = {PROT_READ, PROT_WRITE, PROT_READ | PROT_WRITE};
    size_t page = (size_t)run->heap->page;
    if (!run->heap->is_protected) {
        skip(run, "not a protected heap by its name");
        return;
    }
    int fd = buffer_need(run, page);
    for (int i = 0; fd >= 0 && i < 3; i++) {
        void *at = sys_map(fd, page, protections[i], MAP_SHARED, 0);
        if (at == MAP_FAILED && errno == EINVAL)
            continue;
        fail(run, at == MAP_FAILED ? errno : 0, "mmap of protected memory: expected EINVAL, got %s",
             at == MAP_FAILED ? errno_name(errno) : "success");
        if (at != MAP_FAILED)
            sys_unmap(at, page);
    }
    if (fd >= 0)
        sys_close(fd);
}
