/* What the scripted kernel tells of buffers: debugfs, sysfs and fdinfo. */
#include "scripted.h"

#include "sys.h"
#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void bufinfo(char *text, size_t capacity)
{
    size_t held = 0;
    uint64_t size = 0, inode = 0;
    format_text(text, capacity, "Dma-buf Objects:\nsize    \tflags   \tmode    \tcount   \texp_name\tino     \tname\n");
    for (int fd = 0; fd < MAX_FDS; fd++) {
        if (fds[fd].kind != BUFFER || sys_stat(fd, &size, &inode) != 0)
            continue;
        held = strlen(text);
        format_text(text + held, capacity - held,
                    "%08llu\t00080002\t00080007\t00000001\t%s\t%08llu\t<none>\n\tAttached Devices:\nTotal 0 devices\n\n",
                    (unsigned long long)fds[fd].size, heap_names[fds[fd].heap], (unsigned long long)inode);
    }
    held = strlen(text);
    if (*ghost)
        format_text(text + held, capacity - held, "00004096\t0\t0\t0\tsystem\t%08llu\t<none>\n",
                    (unsigned long long)*ghost);
    held = strlen(text);
    format_text(text + held, capacity - held, "\nTotal 1 objects, 4096 bytes\n");
}

static ssize_t fdinfo(int fd, char *text, size_t capacity)
{
    format_text(text, capacity, "pos:\t0\nflags:\t02000002\nmnt_id:\t17\nino:\t5\nsize:\t%llu\ncount:\t1\nexp_name:\t%s\n",
                (unsigned long long)fds[fd].size * (fault("fdinfo_size") ? 2 : 1), heap_names[fds[fd].heap]);
    size_t held = strlen(text);
    if (fds[fd].name[0])
        format_text(text + held, capacity - held, "name:\t%s\n", fds[fd].name);
    return (ssize_t)strlen(text);
}

static ssize_t buffer_statistics(const char *path, char *text, size_t capacity)
{
    char *at;
    uint64_t size, inode, wanted = strtoull(path, &at, 10);
    if (wanted && wanted == *ghost && !fault("bufinfo_stays")) {
        format_text(text, capacity, "4096\n");
        return (ssize_t)strlen(text);
    }
    for (int fd = 0; fd < MAX_FDS; fd++) {
        if (fds[fd].kind != BUFFER || sys_stat(fd, &size, &inode) != 0 || inode != wanted)
            continue;
        if (strcmp(at, "/size") == 0)
            format_text(text, capacity, "%llu\n", (unsigned long long)fds[fd].size);
        else
            format_text(text, capacity, "%s\n", fault("sysfs_exporter") ? "other" : heap_names[fds[fd].heap]);
        return (ssize_t)strlen(text);
    }
    return refuse(ENOENT);
}

ssize_t sys_read_text(const char *path, char *text, size_t capacity)
{
    static const char of_fd[] = "/proc/self/fdinfo/", of_buffers[] = "/sys/kernel/dmabuf/buffers";
    if (fault("no_statistics"))
        return refuse(strncmp(path, "/sys/kernel/debug", 17) == 0 ? EACCES : ENOENT);
    if (strncmp(path, of_fd, sizeof of_fd - 1) == 0)
        return fdinfo(atoi(path + sizeof of_fd - 1), text, capacity);
    if (strcmp(path, of_buffers) == 0)
        return refuse(EISDIR);
    if (strncmp(path, of_buffers, sizeof of_buffers - 1) == 0)
        return buffer_statistics(path + sizeof of_buffers, text, capacity);
    bufinfo(text, capacity);
    return (ssize_t)strlen(text);
}
