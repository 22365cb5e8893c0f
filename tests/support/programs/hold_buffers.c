/* Plants holders of DMA-BUFs and says the truth about them.
 *
 * hold_buffers HEAP SIZE CASE [COUNT]: HEAP is a name under /dev/dma_heap, ion/MASK, or udmabuf. Prints `hold PID INODE SIZE FDS
 * MAPPED` for what each process holds, `none INODE SIZE` for what no process does, `pid PID` for each process that waits,
 * then ends; the processes hold until SIGTERM. COUNT: buffers, of `crowd` processes. `imported`: the driver behind /dev/dri/card0 holds it. `dying` starts processes that hold a
 * buffer for a moment, one after another, until SIGTERM. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct ion_allocation {
    uint64_t len;
    uint32_t heap_id_mask, flags, fd, unused;
};
#define ION_ALLOC _IOWR('I', 0, struct ion_allocation)

/* include/uapi/drm/drm.h */
struct prime_handle {
    uint32_t handle, flags;
    int32_t fd;
};
#define PRIME_FD_TO_HANDLE _IOWR('d', 0x2e, struct prime_handle)

static const char *heap;
static size_t size;
static unsigned long count = 1;

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

/* Pages of a memfd as a buffer: the memfd itself is closed. */
static int allocate_udmabuf(void)
{
    int device = open("/dev/udmabuf", O_RDWR | O_CLOEXEC), memory = memfd_create("pages", MFD_ALLOW_SEALING | MFD_CLOEXEC);
    if (device < 0 || memory < 0 || ftruncate(memory, (off_t)size) != 0 || fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK) != 0)
        fail("udmabuf");
    struct udmabuf_create asked = {.memfd = (uint32_t)memory, .flags = UDMABUF_FLAGS_CLOEXEC, .size = size};
    int fd = ioctl(device, UDMABUF_CREATE, &asked);
    if (fd < 0)
        fail("UDMABUF_CREATE");
    close(memory);
    close(device);
    return fd;
}

static int allocate(void)
{
    char path[256];
    if (strcmp(heap, "udmabuf") == 0)
        return allocate_udmabuf();
    if (strncmp(heap, "ion/", 4) == 0) {
        int ion = open("/dev/ion", O_RDWR | O_CLOEXEC);
        struct ion_allocation asked = {.len = size, .heap_id_mask = (uint32_t)strtoul(heap + 4, NULL, 0)};
        if (ion < 0 || ioctl(ion, ION_ALLOC, &asked) != 0)
            fail("ION");
        close(ion);
        return (int)asked.fd;
    }
    snprintf(path, sizeof path, "/dev/dma_heap/%s", heap);
    int device = open(path, O_RDWR | O_CLOEXEC);
    struct dma_heap_allocation_data asked = {.len = size, .fd_flags = O_RDWR | O_CLOEXEC};
    if (device < 0 || ioctl(device, DMA_HEAP_IOCTL_ALLOC, &asked) != 0)
        fail(path);
    close(device);
    return (int)asked.fd;
}

static unsigned long inode_of(int fd)
{
    struct stat file;
    if (fstat(fd, &file) != 0)
        fail("fstat");
    return file.st_ino;
}

static void hold(pid_t pid, unsigned long inode, int fds, size_t mapped)
{
    printf("hold %d %lu %zu %d %zu\n", pid, inode, size, fds, mapped);
    fflush(stdout);
}

static void *map(int fd, size_t length)
{
    void *at = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED)
        fail("mmap");
    return at;
}

/* Lets go of the terminal, so that the shell that started it ends, and waits. */
static void wait_for_end(void)
{
    printf("pid %d\n", getpid());
    fflush(stdout);
    int null = open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3; fd++)
        dup2(null, fd);
    if (null > 2)
        close(null);
    for (;;)
        pause();
}

static void set_name(int fd, const char *name)
{
    if (ioctl(fd, _IOW('b', 1, uint64_t), name) != 0)
        fail("SET_NAME");
}

static void send_one(int socket, int fd)
{
    char byte = 0, control[CMSG_SPACE(sizeof fd)] = {0};
    struct iovec data = {&byte, 1};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
    if (sendmsg(socket, &message, 0) != 1)
        fail("sendmsg");
}

static int receive_one(int socket)
{
    char byte, control[CMSG_SPACE(sizeof(int))];
    struct iovec data = {&byte, 1};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    int fd;
    if (recvmsg(socket, &message, 0) != 1 || !CMSG_FIRSTHDR(&message))
        fail("recvmsg");
    memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
    return fd;
}

static void plain(void)
{
    for (unsigned long i = 0; i < count; i++)
        hold(getpid(), inode_of(allocate()), 1, 0);
}

static void named(void)
{
    int fd = allocate();
    set_name(fd, "camera\tpreview");
    hold(getpid(), inode_of(fd), 1, 0);
}

/* Its name, and that of the buffer, look like lines of the kernel's; a file that is called as a buffer is, is mapped. */
static void odd(void)
{
    int fd = allocate(), file = open("/dmabuf:file", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    set_name(fd, "\nTotal 0 objects, 0 bytes");
    prctl(PR_SET_NAME, "odd\n(x) S 1");
    if (ftruncate(file, (off_t)size) != 0)
        fail("/dmabuf:file");
    map(file, size);
    close(file);
    unlink("/dmabuf:file");
    hold(getpid(), inode_of(fd), 1, 0);
}

static void forked(void)
{
    int fd = allocate();
    pid_t parent = getpid();
    if (fork() == 0) {
        hold(getpid(), inode_of(fd), 1, 0);
        wait_for_end();
    }
    hold(parent, inode_of(fd), 1, 0);
}

static void passed(void)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        fail("socketpair");
    if (fork() == 0) {
        close(pair[0]);
        hold(getpid(), inode_of(receive_one(pair[1])), 1, 0);
        wait_for_end();
    }
    int fd = allocate();
    send_one(pair[0], fd);
    close(fd);
}

static void in_flight(void)
{
    int pair[2], fd = allocate();
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        fail("socketpair");
    unsigned long inode = inode_of(fd);
    send_one(pair[0], fd);
    close(fd);
    printf("none %lu %zu\n", inode, size);
}

/* The process keeps the driver's node open, and no descriptor of the buffer. */
static void imported(void)
{
    int fd = allocate(), card = open("/dev/dri/card0", O_RDWR | O_CLOEXEC);
    struct prime_handle asked = {.fd = fd};
    if (card < 0 || ioctl(card, PRIME_FD_TO_HANDLE, &asked) != 0)
        fail("/dev/dri/card0");
    printf("none %lu %zu\n", inode_of(fd), size);
    close(fd);
}

static void mapped(void)
{
    int fd = allocate();
    unsigned long inode = inode_of(fd);
    map(fd, size);
    close(fd);
    hold(getpid(), inode, 0, size);
}

/* Two mappings, of which one is a page. */
static void both(void)
{
    int fd = allocate();
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    map(fd, size);
    map(fd, page);
    hold(getpid(), inode_of(fd), 1, size + page);
}

static void duplicated(void)
{
    int fd = allocate();
    if (dup(fd) < 0 || dup(fd) < 0)
        fail("dup");
    hold(getpid(), inode_of(fd), 3, 0);
}

static void crowd(void)
{
    for (unsigned long i = 1; i < count; i++)
        if (fork() == 0)
            wait_for_end();
}

static void dying(void)
{
    int one = allocate();
    hold(getpid(), inode_of(one), 1, 0);
    printf("pid %d\n", getpid());
    fflush(stdout);
    int null = open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3; fd++)
        dup2(null, fd);
    close(null);
    for (;;) {
        pid_t pid = fork();
        if (pid == 0) {
            close(one);
            for (int i = 0; i < 20; i++)
                close(allocate());
            allocate();
            _exit(0);
        }
        waitpid(pid, NULL, 0);
    }
}

static const struct {
    const char *name;
    void (*plant)(void);
} cases[] = {{"plain", plain},   {"named", named}, {"odd", odd},           {"forked", forked}, {"passed", passed}, {"in-flight", in_flight},
             {"mapped", mapped}, {"both", both}, {"duplicated", duplicated}, {"crowd", crowd},   {"dying", dying}, {"imported", imported}};

int main(int argc, char **argv)
{
    struct rlimit many = {65536, 65536};
    if (argc < 4)
        return 2;
    setrlimit(RLIMIT_NOFILE, &many);
    heap = argv[1];
    size = strtoul(argv[2], NULL, 0);
    count = argc > 4 ? strtoul(argv[4], NULL, 0) : 1;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (strcmp(cases[i].name, argv[3]) != 0)
            continue;
        pid_t pid = fork();
        if (pid > 0)
            return 0; /* what was planted says the rest */
        setsid();
        cases[i].plant();
        wait_for_end();
    }
    return 2;
}
