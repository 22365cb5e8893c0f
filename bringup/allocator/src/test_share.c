/* A buffer that goes from one process to another. */
#include "children.h"
#include "errnos.h"
#include "fill.h"
#include "sys.h"
#include "heap_test.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATTERN 0x6272696e67757021u

static bool send_descriptor(int to, int fd)
{
    char byte = 0;
    struct iovec data = {&byte, 1};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
    return sendmsg(to, &message, 0) == 1;
}

static int receive_descriptor(int from)
{
    char byte;
    int fd = -1;
    struct iovec data = {&byte, 1};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    if (recvmsg(from, &message, MSG_CMSG_CLOEXEC) != 1)
        return -1;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
        memcpy(&fd, CMSG_DATA(header), sizeof fd);
    return fd;
}

/* In a child: a buffer full of the pattern goes out, and the child ends. */
static void give_away(struct test_run *run, int to)
{
    uint64_t page = run->heap->page;
    int fd = buffer_need(run, page);
    void *at = fd < 0 ? NULL : buffer_map(run, fd, page);
    if (!at)
        _exit(1);
    fill_words(at, PATTERN, page);
    _exit(send_descriptor(to, fd) ? 0 : 1);
}

static void look_at_received(struct test_run *run, int fd)
{
    uint64_t page = run->heap->page, *at = buffer_map(run, fd, page);
    for (uint64_t i = 0; at && i < page / 8; i++)
        if (at[i] != PATTERN) {
            fail(run, 0, "the other process wrote 0x%016llx, offset %llu holds 0x%016llx", (unsigned long long)PATTERN,
                 (unsigned long long)(i * 8), (unsigned long long)at[i]);
            break;
        }
    if (at)
        sys_unmap(at, (size_t)page);
}

void test_socket(struct test_run *run)
{
    int ends[2], status = 0;
    if (!buffer_maps(run))
        return;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        cannot_tell(run, errno, "socketpair: %s", errno_name(errno));
        return;
    }
    pid_t pid = start_child();
    if (pid == 0)
        give_away(run, ends[1]);
    int error = errno;
    close(ends[1]);
    if (pid < 0)
        cannot_tell(run, error, "fork: %s", errno_name(error));
    else if (waitpid(pid, &status, 0) != pid || status != 0)
        cannot_tell(run, 0, "the process that should send the buffer ended with status 0x%x", (unsigned)status);
    int fd = pid > 0 && status == 0 ? receive_descriptor(ends[0]) : -1;
    if (fd >= 0) {
        look_at_received(run, fd);
        sys_close(fd);
    } else if (pid > 0 && status == 0) {
        cannot_tell(run, 0, "the descriptor did not arrive");
    }
    close(ends[0]);
}
