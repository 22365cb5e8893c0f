/* Where the kernel counts a buffer: fdinfo, debugfs and sysfs, each with its size and its exporter. */
#include "errnos.h"
#include "sys.h"
#include "text.h"
#include "settle.h"
#include "uapi.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#define BUFINFO "/sys/kernel/debug/dma_buf/bufinfo"
#define BUFFERS "/sys/kernel/dmabuf/buffers"

struct account {
    uint64_t size;
    char exporter[256];
};

/* Of a text of lines `key:<space>value`, the value of one; false: it is not there. */
static bool value_of(const char *text, const char *key, char *value, size_t capacity)
{
    size_t size = strlen(key);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, key, size) != 0 || line[size] != ':')
            continue;
        line += size + 1 + strspn(line + size + 1, " \t");
        size_t length = strcspn(line, "\n");
        format_text(value, capacity, "%s", line);
        if (length < capacity)
            value[length] = 0;
        return true;
    }
    return false;
}

/* The kernel's own heaps export under their names since a rewrite after 5.10. Before it, and in a TEE's or a vendor's
 * heap, the exporter may have any name. */
static bool names_its_heap(const struct heap *heap)
{
    unsigned version[3];
    if (!sys_kernel(version) || version[0] < 6 || (version[0] == 6 && version[1] < 1))
        return false;
    for (const char *const *own = default_cma_names; *own; own++)
        if (strcmp(heap->name, *own) == 0)
            return true;
    return strcmp(heap->name, "system") == 0;
}

static void judge(struct test_run *run, const char *where, const struct account *account, uint64_t size)
{
    if (account->size != size)
        fail(run, 0, "%s: size %llu, the buffer has %llu", where, (unsigned long long)account->size,
             (unsigned long long)size);
    else if (!account->exporter[0])
        fail(run, 0, "%s: no exporter", where);
    else if (names_its_heap(run->heap) && strcmp(account->exporter, run->heap->name) != 0)
        fail(run, 0, "%s: the exporter is %s, not %s", where, account->exporter, run->heap->name);
}

/* The text of a descriptor's fdinfo; false after setting the verdict. */
static bool fdinfo(struct test_run *run, int fd, char *text, size_t capacity)
{
    char path[64];
    format_text(path, sizeof path, "/proc/self/fdinfo/%d", fd);
    if (sys_read_text(path, text, capacity) >= 0)
        return true;
    if (errno == EACCES || errno == EPERM || errno == ENOENT)
        skip(run, "%s: %s", path, errno_name(errno));
    else
        cannot_tell(run, errno, "%s: %s", path, errno_name(errno));
    return false;
}

void test_fdinfo(struct test_run *run)
{
    char text[1024], size[32];
    uint64_t page = run->heap->page;
    struct account account = {0};
    int fd = buffer_need(run, page);
    if (fd < 0)
        return;
    if (fdinfo(run, fd, text, sizeof text)) {
        if (!value_of(text, "size", size, sizeof size))
            fail(run, 0, "fdinfo has no size");
        else
            account.size = strtoull(size, NULL, 10);
        value_of(text, "exp_name", account.exporter, sizeof account.exporter);
        judge(run, "fdinfo", &account, page);
    }
    sys_close(fd);
}

static int set_name(int fd, unsigned long request, const char *name)
{
    return sys_ioctl(fd, request, (void *)(uintptr_t)name) == 0 ? 0 : errno;
}

void test_name(struct test_run *run)
{
    static const struct {
        unsigned long request;
        const char *name; /* 31 bytes are the most */
    } cases[] = {{DMA_BUF_SET_NAME_A, "bringup"}, {DMA_BUF_SET_NAME_B, "bringup-bringup-bringup-31bytes"}};
    char text[1024], seen[64];
    int fd = buffer_need(run, run->heap->page);
    for (int i = 0; fd >= 0 && i < 2; i++) {
        int error = set_name(fd, cases[i].request, cases[i].name);
        if (error) {
            fail(run, error, "SET_NAME of %u bytes: %s", (unsigned)strlen(cases[i].name), errno_name(error));
            break;
        }
        if (!fdinfo(run, fd, text, sizeof text))
            break;
        if (!value_of(text, "name", seen, sizeof seen) || strcmp(seen, cases[i].name) != 0)
            fail(run, 0, "the buffer was named %s; fdinfo does not say so", cases[i].name);
    }
    if (fd >= 0)
        sys_close(fd);
}

void test_long_name(struct test_run *run)
{
    static const char name[] = "bringup-bringup-bringup-32bytes!-and-more";
    char cut[DMA_BUF_NAME_LEN + 1];
    memcpy(cut, name, DMA_BUF_NAME_LEN);
    cut[DMA_BUF_NAME_LEN] = 0;
    const char *const names[] = {cut, name};
    int fd = buffer_need(run, run->heap->page);
    for (int i = 0; fd >= 0 && i < 2; i++) {
        int error = set_name(fd, DMA_BUF_SET_NAME_B, names[i]);
        if (error != EINVAL)
            fail(run, error, "SET_NAME of %u bytes: expected EINVAL, got %s", (unsigned)strlen(names[i]),
                 errno_name(error));
    }
    if (fd >= 0)
        sys_close(fd);
}

/* A witness: 1 the buffer is there, 0 it is not, -1 with errno it cannot be asked. */
typedef int witness(uint64_t inode, struct account *account);

/* bufinfo's columns are separated by tabs: size, flags, mode, count, exporter, inode, name. */
static char bufinfo_text[1 << 20];

static int find_in_bufinfo(uint64_t inode, struct account *account)
{
    for (char *line = bufinfo_text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        const char *column[6];
        const char *at = line;
        int columns = 0;
        while (columns < 6 && at) {
            column[columns++] = at;
            at = strpbrk(at, "\t\n");
            at = at && *at == '\t' ? at + 1 : NULL;
        }
        if (columns < 6 || strtoull(column[5], NULL, 10) != inode)
            continue;
        size_t length = (size_t)(column[5] - column[4]) - 1;
        account->size = strtoull(column[0], NULL, 10);
        if (length < sizeof account->exporter) {
            memcpy(account->exporter, column[4], length);
            account->exporter[length] = 0;
        }
        return 1;
    }
    return 0;
}

static int bufinfo(uint64_t inode, struct account *account)
{
    if (sys_read_text(BUFINFO, bufinfo_text, sizeof bufinfo_text) < 0)
        return -1;
    return find_in_bufinfo(inode, account);
}

static int sysfs(uint64_t inode, struct account *account)
{
    char path[128], size[32];
    if (sys_read_text(BUFFERS, size, sizeof size) < 0 && errno != EISDIR)
        return -1; /* a folder that is there gives EISDIR */
    format_text(path, sizeof path, BUFFERS "/%llu/size", (unsigned long long)inode);
    if (sys_read_text(path, size, sizeof size) < 0)
        return errno == ENOENT ? 0 : -1;
    account->size = strtoull(size, NULL, 10);
    format_text(path, sizeof path, BUFFERS "/%llu/exporter_name", (unsigned long long)inode);
    if (sys_read_text(path, account->exporter, sizeof account->exporter) < 0)
        return -1;
    account->exporter[strcspn(account->exporter, "\n")] = 0;
    return 1;
}

static void watch(struct test_run *run, const char *where, witness *ask)
{
    struct account account = {0};
    uint64_t page = run->heap->page, size, inode;
    int fd = buffer_need(run, page);
    if (fd < 0)
        return;
    int there = sys_stat(fd, &size, &inode) == 0 ? ask(inode, &account) : -1, error = errno;
    if (there > 0)
        judge(run, where, &account, page);
    else if (there == 0)
        fail(run, 0, "%s: the buffer is not there", where);
    else if (error == ENOENT || error == EACCES || error == EPERM)
        skip(run, "%s: %s", where, errno_name(error));
    else
        cannot_tell(run, error, "%s: %s", where, errno_name(error));
    sys_close(fd);
    for (int waited = 0; there > 0 && (there = ask(inode, &account)) > 0; waited += 20) {
        if (waited >= SETTLE_MILLISECONDS) {
            fail(run, 0, "%s: the buffer is still there %d ms after close", where, waited);
            return;
        }
        poll(NULL, 0, 20);
    }
}

uint64_t still_counted(const uint64_t *inodes, size_t count)
{
    struct account account;
    uint64_t there = 0;
    for (int waited = 0; waited <= SETTLE_MILLISECONDS; waited += 20) {
        witness *ask = sysfs(0, &account) == 0 ? sysfs : find_in_bufinfo;
        if (waited)
            poll(NULL, 0, 20);
        if (ask == find_in_bufinfo && bufinfo(0, &account) < 0)
            return 0;
        there = 0;
        for (size_t i = 0; i < count && !there; i++)
            there = ask(inodes[i], &account) > 0 ? inodes[i] : 0;
        if (!there)
            return 0;
    }
    return there;
}

void test_bufinfo(struct test_run *run)
{
    watch(run, BUFINFO, bufinfo);
}

void test_sysfs(struct test_run *run)
{
    watch(run, BUFFERS, sysfs);
}
