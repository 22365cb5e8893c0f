/* What the scripted heap's buffers answer to, and the devices that take them: a DRM driver, udmabuf, sw_sync. */
#include "scripted.h"

#include "sys.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int sys_open_device(const char *path)
{
    static const struct {
        const char *path;
        enum kind kind;
    } devices[] = {
        {"/dev/dri/renderD129", CARD}, {"/dev/udmabuf", UDMABUFS}, {"/sys/kernel/debug/sync/sw_sync", TIMELINE}};
    for (size_t i = 0; i < sizeof devices / sizeof devices[0]; i++) {
        if (strcmp(path, devices[i].path) != 0 || fault("no_devices"))
            continue;
        int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
        fds[fd].kind = devices[i].kind;
        return fd;
    }
    return refuse(ENOENT);
}

/* A DRM driver whose handles are the buffers' descriptors. */
int card_ioctl(unsigned long request, void *argument)
{
    struct drm_prime_handle *prime = argument;
    if (request == DRM_IOCTL_VERSION) {
        strcpy(((struct drm_version *)argument)->name, fault("limited_driver_refuses") ? "panfrost" : "vgem");
    } else if (request == DRM_IOCTL_PRIME_FD_TO_HANDLE) {
        if (fault("vgem_refuses") || fault("limited_driver_refuses"))
            return refuse(EINVAL);
        prime->handle = (uint32_t)prime->fd;
    } else if (request == DRM_IOCTL_PRIME_HANDLE_TO_FD) {
        prime->fd = fault("other_comes_back") ? open("/dev/null", O_RDWR | O_CLOEXEC)
                                              : fcntl((int)prime->handle, F_DUPFD_CLOEXEC, 0);
    }
    return 0;
}

int make_udmabuf(const struct udmabuf_create *create)
{
    int fd = fcntl((int)create->memfd, F_DUPFD_CLOEXEC, 0);
    fds[fd].kind = UDMABUF;
    return fd;
}

/* A fence signals at the timeline's next step, for every buffer it is on. */
int timeline_ioctl(unsigned long request, struct sw_sync_create_fence_data *create)
{
    if (request == SW_SYNC_IOC_CREATE_FENCE) {
        create->fence = open("/dev/null", O_RDWR | O_CLOEXEC);
        fds[create->fence].kind = FENCE;
    }
    for (int fd = 0; request == SW_SYNC_IOC_INC && fd < MAX_FDS; fd++)
        fds[fd].fence = 0;
    return 0;
}

static int set_name(int fd, const char *name)
{
    char first;
    if (!copy_in(&first, name, 1))
        return refuse(EFAULT);
    if (strlen(name) >= DMA_BUF_NAME_LEN && !fault("long_name"))
        return refuse(EINVAL);
    if (!fault("name_lost"))
        format_text(fds[fd].name, sizeof fds[fd].name, "%s", name);
    return 0;
}

static int sync_file_ioctl(int fd, unsigned long request, struct dma_buf_sync_file *argument)
{
    bool good_flags = argument->flags && !(argument->flags & ~DMA_BUF_SYNC_RW);
    if (fault("no_sync_file"))
        return refuse(ENOTTY);
    if (!good_flags && !fault("sync_file_flags"))
        return refuse(EINVAL);
    if (request == DMA_BUF_IOCTL_IMPORT_SYNC_FILE) {
        if (argument->fd >= 0 && fds[argument->fd].kind == FENCE) {
            fds[fd].fenced = true;
            fds[fd].fence = fault("fence_forgotten") ? 0 : argument->flags;
            return 0;
        }
        if (fault("sync_file_import") && argument->fd >= 0)
            return refuse(EIO);
        return argument->fd >= 0 && fds[argument->fd].kind == SYNC_FILE ? 0 : refuse(EINVAL);
    }
    argument->fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (argument->fd < 0 || argument->fd >= MAX_FDS)
        abort();
    fds[argument->fd].kind = SYNC_FILE;
    return 0;
}

static int copied_sync_file_ioctl(int fd, unsigned long request, struct dma_buf_sync_file *argument)
{
    struct dma_buf_sync_file copy;
    if (!copy_in(&copy, argument, sizeof copy))
        return refuse(EFAULT);
    int result = sync_file_ioctl(fd, request, &copy);
    if (result == 0 && request == DMA_BUF_IOCTL_EXPORT_SYNC_FILE && !copy_in(argument, &copy, sizeof copy)) {
        if (!fault("leak_on_refusal"))
            sys_close(copy.fd);
        return refuse(EFAULT);
    }
    return result;
}

int buffer_ioctl(int fd, unsigned long request, void *argument)
{
    struct dma_buf_sync sync;
    if (request == DMA_BUF_SET_NAME_A || request == DMA_BUF_SET_NAME_B)
        return set_name(fd, argument);
    if (request == DMA_BUF_IOCTL_EXPORT_SYNC_FILE || request == DMA_BUF_IOCTL_IMPORT_SYNC_FILE)
        return copied_sync_file_ioctl(fd, request, argument);
    if (request != DMA_BUF_IOCTL_SYNC)
        return refuse(fault("buffer_ioctl") ? EINVAL : ENOTTY);
    if (!copy_in(&sync, argument, sizeof sync))
        return refuse(fault("sync_pointer") ? EINVAL : EFAULT);
    if ((sync.flags & ~7ull || !(sync.flags & DMA_BUF_SYNC_RW)) && !fault("sync_bad_flags"))
        return refuse(EINVAL);
    if (sync.flags == (DMA_BUF_SYNC_END | DMA_BUF_SYNC_WRITE) && fault("sync_error"))
        return refuse(EIO);
    if (!(sync.flags & DMA_BUF_SYNC_END) && fault("sync_crash")) {
        signal(SIGBUS, SIG_DFL); /* a sanitizer has a handler of its own */
        raise(SIGBUS);
    }
    if (sync.flags == (DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ) && fault("sync_hang"))
        for (;;)
            pause();
    return 0;
}
