/* An instance of the kernel's tracing, and its ring buffers as they come. */
#include "sys.h"
#include "text.h"
#include "trace.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX "bringup-"
#define PREFIX_SIZE (sizeof PREFIX - 1)
#define MAX_SUB_BUFFER (1u << 18)

char trace_path[160];
static char folder[64];    /* of tracing */
static char instance[128]; /* our own; empty: none */
static size_t commit_at;   /* where a sub-buffer says how many bytes are used */
static size_t data_at;

static int put_text(const char *below, const char *text)
{
    format_text(trace_path, sizeof trace_path, "%s/%s", instance, below);
    int fd = open(trace_path, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOCTTY), error = 0;
    if (fd < 0)
        return errno;
    if (write(fd, text, strlen(text)) < 0)
        error = errno;
    close(fd);
    return error;
}

/* Whether a process of that number runs a program of ours. */
static bool is_ours(const char *pid)
{
    char path[64], name[32];
    return format_text(path, sizeof path, "/proc/%s/comm", pid) && sys_read_text(path, name, sizeof name) > 0 &&
           strncmp(name, "bringup", 7) == 0;
}

/* What a predecessor that was killed left behind. One whose process runs, and is one of ours, is in use. */
static void sweep(const char *instances)
{
    char path[384];
    DIR *directory = opendir(instances);
    const struct dirent *entry;
    while (directory && (entry = readdir(directory)) != NULL) {
        const char *pid = entry->d_name + PREFIX_SIZE;
        if (strncmp(entry->d_name, PREFIX, PREFIX_SIZE) != 0 || is_ours(pid))
            continue;
        if (format_text(path, sizeof path, "%s/%s", instances, entry->d_name))
            rmdir(path);
    }
    if (directory)
        closedir(directory);
}

/* `offset:` of a field in the description of a sub-buffer. */
static size_t offset_of(const char *text, const char *field)
{
    const char *at = strstr(text, field);
    at = at ? strstr(at, "offset:") : NULL;
    return at ? strtoul(at + 7, NULL, 10) : 0;
}

int trace_find(void)
{
    static const char *const places[] = {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"};
    int error = 0;
    /* Without tracefs the first is an empty folder. */
    for (int i = 0; i < 2; i++) {
        format_text(trace_path, sizeof trace_path, "%s/instances", places[i]);
        if (access(trace_path, W_OK | X_OK) == 0) {
            format_text(folder, sizeof folder, "%s", places[i]);
            break;
        }
        error = error && error != ENOENT ? error : errno;
    }
    if (!*folder)
        return error;
    sweep(trace_path);
    format_text(instance, sizeof instance, "%s/instances/" PREFIX "%d", folder, (int)getpid());
    return 0;
}

int trace_begin(void)
{
    char text[512];
    /* Its ring buffer keeps the size that the kernel gives it, 1.4 MiB a CPU; the events of a buffer of 4 MiB need 50 KiB.
     * Making it smaller tells kernels before 6.7 that the one they trace to themselves need not grow any more. */
    strcpy(trace_path, instance);
    if (mkdir(instance, 0700) != 0) {
        *instance = 0;
        return errno;
    }
    int error = trace_format("header_page", text, sizeof text);
    commit_at = offset_of(text, "commit;");
    data_at = offset_of(text, " data;");
    if (error)
        trace_end();
    else
        strcpy(trace_path, folder);
    return error;
}

void trace_end(void)
{
    /* Where its owner was killed, the kernel may still be closing what that had open of it. */
    for (int i = 0; *instance && rmdir(instance) != 0 && errno == EBUSY && i < 500; i++)
        poll(NULL, 0, 10);
    *instance = 0;
}

int trace_format(const char *event, char *text, size_t capacity)
{
    const char *file = strchr(event, '/') ? "/format" : "";
    format_text(trace_path, sizeof trace_path, "%s/events/%s%s", folder, event, file);
    int fd = open(trace_path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return errno;
    size_t held = 0;
    ssize_t size;
    while (held < capacity - 1 && (size = read(fd, text + held, capacity - 1 - held)) > 0)
        held += (size_t)size;
    close(fd);
    text[held] = 0;
    char *print = strstr(text, "\nprint fmt");
    if (print)
        *print = 0;
    return 0;
}

int trace_process(pid_t pid, char *const *events)
{
    char text[160];
    format_text(text, sizeof text, "%d", (int)pid);
    int error = put_text("set_event_pid", text);
    for (; !error && *events; events++)
        if (strchr(*events, '/') && format_text(text, sizeof text, "events/%s/enable", *events)) {
            error = put_text(text, "1");
            error = error == ENOENT ? 0 : error;
        }
    return error;
}

/* The bytes of a sub-buffer that are in use: what is behind them is stale. */
static size_t used_of(const unsigned char *bytes, size_t size)
{
    uint32_t commit;
    if (!data_at || commit_at + sizeof commit > size)
        return size;
    memcpy(&commit, bytes + commit_at, sizeof commit);
    size_t used = data_at + (commit & 0xfffff); /* above: that events were lost */
    return used < size ? used : size;
}

static int take_of(const char *cpu, void (*each)(const void *bytes, size_t size))
{
    static unsigned char bytes[MAX_SUB_BUFFER];
    format_text(trace_path, sizeof trace_path, "%s/per_cpu/%s/trace_pipe_raw", instance, cpu);
    int fd = open(trace_path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return errno;
    ssize_t size;
    while ((size = read(fd, bytes, sizeof bytes)) > 0)
        each(bytes, used_of(bytes, (size_t)size));
    int error = size < 0 && errno != EAGAIN ? errno : 0;
    close(fd);
    return error;
}

int trace_take(void (*each)(const void *bytes, size_t size))
{
    int error = 0;
    format_text(trace_path, sizeof trace_path, "%s/per_cpu", instance);
    DIR *directory = opendir(trace_path);
    const struct dirent *entry;
    if (!directory)
        return errno;
    while (!error && (entry = readdir(directory)) != NULL)
        if (strncmp(entry->d_name, "cpu", 3) == 0)
            error = take_of(entry->d_name, each);
    closedir(directory);
    return error;
}
