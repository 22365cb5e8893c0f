/* The fact `file`: the bytes of a regular file, or the kernel's log, as text or record by record. */
#include "errnos.h"
#include "facts.h"
#include "out.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <unistd.h>

/* The test suite builds with less. */
#ifndef READ_SECONDS
#define READ_SECONDS 5
#endif
#define MAX_LOG_BYTES (16u << 20)
#define MAX_LOG_LINE 1024u
#define KLOG_READ_ALL 3
#define KLOG_SIZE_BUFFER 10

static volatile sig_atomic_t read_too_long;

static void on_alarm(int signal)
{
    (void)signal;
    read_too_long = 1;
}

/* A file of a driver may block for ever. The alarm repeats: it may hit between two reads. */
static void limit_time(int seconds)
{
    struct sigaction action = {.sa_handler = on_alarm};
    struct itimerval timer = {{seconds ? 1 : 0, 0}, {seconds, 0}};
    if (seconds) {
        read_too_long = 0;
        sigaction(SIGALRM, &action, NULL);
    }
    setitimer(ITIMER_REAL, &timer, NULL);
}

static bool same_file(const struct stat *file, const char *path)
{
    struct stat other;
    return stat(path, &other) == 0 && other.st_dev == file->st_dev && other.st_ino == file->st_ino;
}

/* Files that lose what is read from them, so that reading changes the board. */
static bool consumes(const char *path, const struct stat *file)
{
    const char *name = strrchr(path, '/');
    name = name ? name + 1 : path;
    return strncmp(name, "trace_pipe", 10) == 0 || same_file(file, "/proc/kmsg");
}

/* The kernel's log, record by record (Documentation/ABI/testing/dev-kmsg): reading it loses nothing. */
static bool is_kmsg(const struct stat *file)
{
    return S_ISCHR(file->st_mode) && file->st_rdev == makedev(1, 11);
}

/* 0, or why the path is not to be opened. Looked at before it is opened: opening a device may already act. */
static int refuse(const char *path)
{
    struct stat found;
    if (stat(path, &found) != 0)
        return errno;
    if (S_ISDIR(found.st_mode))
        return EISDIR;
    return is_kmsg(&found) || (S_ISREG(found.st_mode) && !consumes(path, &found)) ? 0 : EINVAL;
}

static int open_regular(const char *path, int *fd, bool *records)
{
    struct stat opened;
    int error = refuse(path);
    if (error)
        return error;
    limit_time(READ_SECONDS);
    *fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    error = *fd < 0 ? errno : 0;
    limit_time(0);
    if (error)
        return error == EINTR ? ETIMEDOUT : error;
    *records = fstat(*fd, &opened) == 0 && is_kmsg(&opened);
    if (!*records && !S_ISREG(opened.st_mode)) {
        close(*fd);
        return EINVAL;
    }
    return 0;
}

/* Bytes read, or -1 with errno: ETIMEDOUT when nothing comes. */
static ssize_t read_once(int fd, void *to, size_t size)
{
    ssize_t done;
    limit_time(READ_SECONDS);
    do {
        done = read(fd, to, size);
    } while (done < 0 && errno == EINTR && !read_too_long);
    int error = errno;
    limit_time(0);
    errno = error == EINTR ? ETIMEDOUT : error;
    return done;
}

/* Streams up to `max` bytes. The size that stat gives is not asked: in /proc and /sys it means nothing. */
static int stream(int fd, uint64_t max, uint64_t *size, bool *truncated)
{
    static char piece[65536];
    while (*size < max) {
        size_t room = max - *size < sizeof piece ? (size_t)(max - *size) : sizeof piece;
        ssize_t done = read_once(fd, piece, room);
        if (done < 0)
            return errno;
        if (done == 0)
            return 0;
        out_base64_add(piece, (size_t)done);
        *size += (uint64_t)done;
    }
    *truncated = read_once(fd, piece, 1) == 1;
    return 0;
}

/* One record: its bytes, 0 after the last, -1 with errno. EPIPE: what was next is overwritten, what is now next comes. */
static ssize_t next_record(int fd, char *to, size_t size)
{
    ssize_t done;
    do {
        done = read_once(fd, to, size);
    } while (done < 0 && errno == EPIPE);
    return done < 0 && errno == EAGAIN ? 0 : done;
}

/* Streams the newest `max` bytes, in whole records: how many there are is found out first. */
static int stream_records(int fd, uint64_t max, uint64_t *size, bool *truncated)
{
    static char record[8192];
    uint64_t whole = 0, passed = 0;
    ssize_t done;
    while ((done = next_record(fd, record, sizeof record)) > 0 && whole < MAX_LOG_BYTES)
        whole += (uint64_t)done;
    if (done < 0 || lseek(fd, 0, SEEK_SET) < 0)
        return errno;
    while ((done = next_record(fd, record, sizeof record)) > 0 && *size + (uint64_t)done <= max) {
        if (passed + max < whole) {
            passed += (uint64_t)done;
        } else {
            out_base64_add(record, (size_t)done);
            *size += (uint64_t)done;
        }
    }
    *truncated = passed > 0 || done > 0;
    return done < 0 ? errno : 0;
}

static void end_file(int error, uint64_t size, bool truncated)
{
    out_base64_end();
    out_state(error);
    out_unsigned("size", size);
    out_bool("truncated", truncated);
    out_end();
}

static void begin_file(const char *path)
{
    out_begin("file");
    out_string("path", path);
    out_base64_begin("data");
}

void fact_file(const char *path, uint64_t max)
{
    uint64_t size = 0;
    bool truncated = false, records = false;
    int fd = -1;
    begin_file(path);
    int error = open_regular(path, &fd, &records);
    if (error == 0) {
        error = records ? stream_records(fd, max, &size, &truncated) : stream(fd, max, &size, &truncated);
        close(fd);
    }
    end_file(error, size, truncated);
}

void file_read(const char *path, struct file_text *file)
{
    bool records = false;
    int fd = -1;
    ssize_t done = 0;
    file->size = 0;
    file->error = file->text == MAP_FAILED ? ENOMEM : open_regular(path, &fd, &records);
    if (file->error == 0) {
        while (file->size < file->capacity &&
               (done = read_once(fd, file->text + file->size, file->capacity - file->size)) > 0)
            file->size += (size_t)done;
        file->error = done < 0 ? errno : 0;
        close(fd);
    }
    file->whole = file->error == 0 && file->size < file->capacity;
}

void file_put(const char *path, const struct file_text *file)
{
    begin_file(path);
    if (file->size)
        out_base64_add(file->text, file->size);
    end_file(file->error, file->size, !file->error && !file->whole);
}

/* All of the kernel's log, or why not. What it prints may be longer than its buffer: it adds a prefix to each line. */
static int read_log(char **text, size_t *capacity, int *size)
{
    int buffer = klogctl(KLOG_SIZE_BUFFER, NULL, 0);
    if (buffer < 0)
        return errno;
    *capacity = (size_t)buffer < MAX_LOG_BYTES / 2 ? (size_t)buffer * 2 : MAX_LOG_BYTES;
    *text = mmap(NULL, *capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (*text == MAP_FAILED)
        return errno;
    *size = klogctl(KLOG_READ_ALL, *text, (int)*capacity);
    return *size < 0 ? errno : 0;
}

/* The newest `max` bytes of the log. */
void fact_dmesg(uint64_t max)
{
    char *text = MAP_FAILED;
    size_t capacity = 0;
    int size = 0;
    int error = read_log(&text, &capacity, &size);
    uint64_t there = error ? 0 : (uint64_t)size;
    uint64_t carried = there < max ? there : max;
    /* The kernel drops whole lines, the oldest first, when they do not fit. */
    bool truncated = there > carried || (!error && there + MAX_LOG_LINE > capacity);
    begin_file("dmesg");
    if (carried)
        out_base64_add(text + (there - carried), (size_t)carried);
    end_file(error, carried, truncated);
    if (text != MAP_FAILED)
        munmap(text, capacity);
}
