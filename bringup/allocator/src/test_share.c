/* Buffers and more than one process. */
#include "children.h"
#include "errnos.h"
#include "fill.h"
#include "sys.h"
#include "trial.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATTERN 0x6272696e67757021u
#define PROCESSES 4u
#define TURNS 12u
#define HELD 3u
#define LARGEST PAGES(8)

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
static void give_away(struct trial *trial, int to)
{
    uint64_t page = trial->heap->page;
    int fd = buffer_need(trial, page);
    void *at = fd < 0 ? NULL : buffer_map(trial, fd, page);
    if (!at)
        _exit(1);
    fill_words(at, PATTERN, page);
    _exit(send_descriptor(to, fd) ? 0 : 1);
}

static void look_at_received(struct trial *trial, int fd)
{
    uint64_t page = trial->heap->page, *at = buffer_map(trial, fd, page);
    for (uint64_t i = 0; at && i < page / 8; i++)
        if (at[i] != PATTERN) {
            fail(trial, 0, "the other process wrote 0x%016llx, offset %llu holds 0x%016llx", (unsigned long long)PATTERN,
                 (unsigned long long)(i * 8), (unsigned long long)at[i]);
            break;
        }
    if (at)
        sys_unmap(at, (size_t)page);
}

/* Whether a buffer can be had and mapped here, so that what a child meets is no shortage. */
static bool possible(struct trial *trial)
{
    int fd = buffer_need(trial, trial->heap->page);
    void *at = fd < 0 ? NULL : buffer_map(trial, fd, trial->heap->page);
    if (at)
        sys_unmap(at, (size_t)trial->heap->page);
    if (fd >= 0)
        sys_close(fd);
    return at != NULL;
}

void test_socket(struct trial *trial, uint64_t unused)
{
    int ends[2], status = 0;
    (void)unused;
    if (!possible(trial))
        return;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        cannot_tell(trial, errno, "no socket pair: %s", errno_name(errno));
        return;
    }
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        end_with(parent);
        give_away(trial, ends[1]);
    }
    int error = errno;
    close(ends[1]);
    if (pid < 0)
        cannot_tell(trial, error, "no process: %s", errno_name(error));
    else if (waitpid(pid, &status, 0) != pid || status != 0)
        cannot_tell(trial, 0, "the process that was to send the buffer ended with status 0x%x", (unsigned)status);
    int fd = pid > 0 && status == 0 ? receive_descriptor(ends[0]) : -1;
    if (fd >= 0) {
        look_at_received(trial, fd);
        sys_close(fd);
    } else if (pid > 0 && status == 0) {
        cannot_tell(trial, 0, "the descriptor did not come");
    }
    close(ends[0]);
}

/* xorshift64: the same sizes in each run. */
static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

struct held {
    int fd;
    uint64_t size, word, *at;
};

/* Every buffer's words are its own: its process, and the turn it was made in. */
static bool take(struct trial *trial, struct held *held, uint64_t size, uint64_t word)
{
    *held = (struct held){.fd = buffer_more(trial, size, 1), .size = size, .word = word};
    if (held->fd < 0)
        return false;
    held->at = buffer_map(trial, held->fd, size);
    if (held->at)
        fill_words(held->at, word, size);
    return held->at;
}

static void check_and_drop(struct trial *trial, struct held *held)
{
    if (held->at) {
        for (uint64_t i = 0; i < held->size / 8; i++)
            if (held->at[i] != held->word) {
                fail(trial, 0, "offset %llu holds 0x%016llx, this buffer's word is 0x%016llx",
                     (unsigned long long)(i * 8), (unsigned long long)held->at[i], (unsigned long long)held->word);
                break;
            }
        sys_unmap(held->at, (size_t)held->size);
    }
    if (held->fd >= 0)
        sys_close(held->fd);
    *held = (struct held){.fd = -1};
}

/* One of the processes: buffers of seeded sizes, a few held at a time, the oldest checked and dropped. */
static void take_turns(struct trial *trial, unsigned process)
{
    struct held held[HELD];
    uint64_t random = process + 1, each = trial->heap->limit / (PROCESSES * HELD * trial->heap->page);
    uint64_t most = each < LARGEST ? each : LARGEST;
    for (unsigned i = 0; i < HELD; i++)
        held[i] = (struct held){.fd = -1};
    for (unsigned turn = 0; turn < TURNS && trial->verdict.outcome == OUTCOME_PASS; turn++) {
        struct held *one = &held[turn % HELD];
        check_and_drop(trial, one);
        uint64_t pages = 1 + next_random(&random) % most;
        take(trial, one, pages * trial->heap->page, (process + 1ull) << 32 | (turn + 1));
    }
    for (unsigned i = 0; i < HELD; i++)
        check_and_drop(trial, &held[i]);
}

/* Each process writes its verdict to the pipe in one piece; the first finding stands. */
void test_processes(struct trial *trial, uint64_t unused)
{
    int ends[2];
    pid_t parent = getpid(), pids[PROCESSES];
    (void)unused;
    if (!possible(trial))
        return;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        cannot_tell(trial, errno, "no pipe: %s", errno_name(errno));
        return;
    }
    for (unsigned i = 0; i < PROCESSES; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            end_with(parent);
            take_turns(trial, i);
            _exit(write(ends[1], &trial->verdict, sizeof trial->verdict) == (ssize_t)sizeof trial->verdict ? 0 : 1);
        }
    }
    close(ends[1]);
    for (unsigned i = 0; i < PROCESSES; i++) {
        struct verdict verdict;
        if (read(ends[0], &verdict, sizeof verdict) != (ssize_t)sizeof verdict)
            cannot_tell(trial, 0, "only %u of %u processes came to an end", i, PROCESSES);
        else if (trial->verdict.outcome == OUTCOME_PASS)
            trial->verdict = verdict;
    }
    for (unsigned i = 0; i < PROCESSES; i++)
        if (pids[i] > 0)
            waitpid(pids[i], NULL, 0);
    close(ends[0]);
}
