/* Which processes hold DMA-BUFs, by descriptor or by mapping: a line per buffer, one per process that holds any, and one
 * at the end. A process is reached through its directory in /proc, kept open: it never becomes another process'. */
#include "clock.h"
#include "errnos.h"
#include "facts.h"
#include "out.h"
#include "text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define KERNEL_THREAD 0x00200000ul /* PF_KTHREAD, include/linux/sched.h */
#define BUFFER "/dmabuf:" /* drivers/dma-buf/dma-buf.c, dmabuffs_dname */
#define MAX_LIST (4u << 20) /* bytes of the kernel's list: about 40,000 buffers */
#define MAX_PATHS 16u
#define MAX_PATH 256u

/* A buffer that some process holds. */
struct slot {
    uint64_t inode; /* 0: free; the kernel gives out none */
    uint64_t size;  /* of one that was only seen in a map */
    uint32_t holder, at;
    bool described;
};

/* A buffer as one process holds it. */
struct held {
    uint64_t inode, bytes;
    uint32_t fds, maps;
};

struct process {
    int directory;
    char stat[1024];
    const char *comm, *rest; /* in `stat`: the name, and what follows the state */
    size_t count;            /* in `held` */
    unsigned paths;
    bool ended, changed;
    struct {
        char path[MAX_PATH];
        uint32_t opened, mapped;
    } path[MAX_PATHS];
};

static struct {
    char *const *patterns;
    uint64_t max_processes, max_buffers, processes, kernel, denied, reported, buffers;
    struct slot *slots;
    struct held *held;
    size_t mask; /* of `slots` */
    uint32_t holder;
    dev_t device; /* of the kernel's file system of buffers, 0: not seen yet */
    bool listed;  /* the kernel's own list can be read: it has exporters, so fdinfo is read of one buffer alone */
    bool truncated;
    bool remembered; /* `slots` has every buffer that this walk saw, and that the kernel listed after it */
} walk;

static char maps_text[65536];

static ssize_t read_at(int directory, const char *path, char *text, size_t capacity)
{
    int fd = openat(directory, path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : read(fd, text, capacity - 1);
    int error = errno;
    if (fd >= 0)
        close(fd);
    text[size < 0 ? 0 : size] = 0;
    errno = error;
    return size;
}

/* The slot of a buffer, or the free one where it belongs. */
static struct slot *place_of(uint64_t inode)
{
    size_t at = (size_t)(inode * 0x9e3779b97f4a7c15ull >> 32) & walk.mask;
    while (walk.slots[at].inode && walk.slots[at].inode != inode)
        at = (at + 1) & walk.mask;
    return &walk.slots[at];
}

/* The slot of a buffer, made if it is new; NULL: there is no room. */
static struct slot *slot_of(uint64_t inode)
{
    struct slot *slot = place_of(inode);
    if (slot->inode == 0) {
        if (walk.buffers == walk.max_buffers) {
            walk.truncated = true;
            return NULL;
        }
        walk.buffers++;
        slot->inode = inode;
    }
    return slot;
}

/* What this process has of a buffer. */
static struct held *hold(struct process *process, struct slot *slot)
{
    if (slot->holder != walk.holder) {
        slot->holder = walk.holder;
        slot->at = (uint32_t)process->count;
        walk.held[process->count++] = (struct held){.inode = slot->inode};
    }
    return &walk.held[slot->at];
}

static bool is_buffer(const char *path)
{
    return strncmp(path, BUFFER, sizeof BUFFER - 1) == 0 || strcmp(path, "anon_inode:dmabuf") == 0;
}

/* Counts a path that a pattern matches: one with a slash the whole path, another its last component. */
static void note_path(struct process *process, const char *path, bool mapped)
{
    const char *name = strrchr(path, '/');
    char *const *pattern = walk.patterns;
    while (*pattern && !name_matches(*pattern, strchr(*pattern, '/') || !name ? path : name + 1))
        pattern++;
    if (!*pattern)
        return;
    unsigned i = 0;
    while (i < process->paths && strncmp(process->path[i].path, path, MAX_PATH - 1) != 0)
        i++;
    if (i == MAX_PATHS)
        return;
    if (i == process->paths) {
        format_text(process->path[i].path, MAX_PATH, "%s", path);
        process->path[i].opened = process->path[i].mapped = 0;
        process->paths++;
    }
    *(mapped ? &process->path[i].mapped : &process->path[i].opened) += 1;
}

/* A field of fdinfo up to the end of its line, ended by a NUL in place; NULL: it has none. The name, which a process
 * chooses, comes last. */
static char *field_of(char *text, const char *key)
{
    size_t length = strlen(key);
    for (char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, key, length) == 0 && line[length] == ':')
            return line + length + 1 + strspn(line + length + 1, "\t ");
    }
    return NULL;
}

static void put_field(const char *key, const char *value)
{
    if (value)
        out_bytes(key, value, strcspn(value, "\n"));
    else
        out_null(key);
}

/* `target`: what its descriptor or mapping is called, `/dmabuf:NAME`; NULL: unknown. */
static void describe(struct slot *slot, uint64_t size, const char *target, char *fdinfo)
{
    const char *count = fdinfo ? field_of(fdinfo, "count") : NULL;
    out_begin("buffer");
    out_unsigned("inode", slot->inode);
    out_unsigned("size", size);
    put_field("exporter", fdinfo ? field_of(fdinfo, "exp_name") : NULL);
    out_string("name", target && strncmp(target, BUFFER, sizeof BUFFER - 1) == 0 && target[sizeof BUFFER - 1]
                           ? target + sizeof BUFFER - 1
                           : NULL);
    if (count)
        out_unsigned("references", strtoull(count, NULL, 10));
    else
        out_null("references");
    out_end();
    slot->described = true;
}

/* Whether fdinfo, read after `file`, is about the same buffer: the descriptor may have been closed and given out anew. */
static bool is_about(int fds, const char *number, const struct stat *file, char *fdinfo)
{
    struct stat again;
    const char *inode = field_of(fdinfo, "ino"); /* since 5.14 */
    if (!field_of(fdinfo, "exp_name"))
        return false;
    if (inode)
        return strtoull(inode, NULL, 10) == file->st_ino;
    return fstatat(fds, number, &again, 0) == 0 && again.st_ino == file->st_ino;
}

static void look_at_buffer(struct process *process, int fds, const char *number, const char *target)
{
    char info[32], fdinfo[1024];
    struct stat file;
    for (int attempt = 0; attempt < 2; attempt++) {
        if (fstatat(fds, number, &file, 0) != 0 || (walk.device && file.st_dev != walk.device))
            break;
        struct slot *slot = slot_of(file.st_ino);
        if (!slot)
            return;
        if (!slot->described && walk.listed && walk.device) {
            describe(slot, (uint64_t)file.st_size, target, NULL);
        } else if (!slot->described) {
            format_text(info, sizeof info, "fdinfo/%s", number);
            if (read_at(process->directory, info, fdinfo, sizeof fdinfo) < 0)
                break;
            if (!is_about(fds, number, &file, fdinfo))
                continue;
            walk.device = file.st_dev;
            describe(slot, (uint64_t)file.st_size, target, fdinfo);
        }
        hold(process, slot)->fds++;
        return;
    }
    process->changed = true;
}

static void look_at_descriptors(struct process *process)
{
    char target[MAX_PATH];
    int fd = openat(process->directory, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;
    if (!directory) {
        process->ended = errno == ENOENT || errno == ESRCH;
        walk.denied += !process->ended;
        return;
    }
    while ((entry = readdir(directory)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        ssize_t size = readlinkat(fd, entry->d_name, target, sizeof target - 1);
        if (size < 0)
            continue; /* closed meanwhile */
        target[size] = 0;
        if (is_buffer(target))
            look_at_buffer(process, fd, entry->d_name, target);
        else if (*target == '/')
            note_path(process, target, false);
    }
    closedir(directory);
}

/* A mapping of a buffer: `7f5c0000-7f5d0000 rw-s 00000000 00:0c 77  /dmabuf:name`. */
static void look_at_mapping(struct process *process, const char *line, uint64_t inode)
{
    char *end, place[64];
    struct stat file;
    uint64_t from = strtoull(line, &end, 16), to = *end == '-' ? strtoull(end + 1, NULL, 16) : from;
    struct slot *slot = inode ? slot_of(inode) : NULL;
    if (!slot)
        return;
    struct held *held = hold(process, slot);
    held->maps++;
    held->bytes += to - from;
    if (slot->described || slot->size)
        return;
    format_text(place, sizeof place, "map_files/%llx-%llx", (unsigned long long)from, (unsigned long long)to);
    if (fstatat(process->directory, place, &file, 0) == 0 && file.st_ino == inode)
        slot->size = (uint64_t)file.st_size;
}

/* A line of maps, without its newline. */
static void look_at_line(struct process *process, char *line)
{
    char *field = line;
    for (int i = 0; i < 4 && field; i++) {
        field = strchr(field, ' ');
        field += field != NULL;
    }
    if (!field)
        return;
    uint64_t inode = strtoull(field, &field, 10);
    field += strspn(field, " ");
    if (is_buffer(field))
        look_at_mapping(process, line, inode);
    else if (*field == '/')
        note_path(process, field, true);
}

/* memchr, because a libc's strchr may look for the text's end first: all that is in the buffer, for each line. */
static void look_at_maps(struct process *process)
{
    int fd = openat(process->directory, "maps", O_RDONLY | O_CLOEXEC);
    size_t used = 0;
    ssize_t done;
    while (fd >= 0 && (done = read(fd, maps_text + used, sizeof maps_text - used)) > 0) {
        char *line = maps_text, *end;
        used += (size_t)done;
        while ((end = memchr(line, '\n', (size_t)(maps_text + used - line))) != NULL) {
            *end = 0;
            look_at_line(process, line);
            line = end + 1;
        }
        used -= (size_t)(line - maps_text);
        memmove(maps_text, line, used);
        if (used == sizeof maps_text)
            used = 0; /* not a line of maps */
    }
    if (fd >= 0)
        close(fd);
}

/* The number `index` after the state of /proc/PID/stat; 0: the parent's process id. */
static uint64_t stat_number(const struct process *process, int index)
{
    const char *at = process->rest;
    for (; index > 0 && at; index--) {
        at = strchr(at, ' ');
        at += at != NULL;
    }
    return at ? strtoull(at, NULL, 10) : 0;
}

static bool read_stat(struct process *process)
{
    if (read_at(process->directory, "stat", process->stat, sizeof process->stat) <= 0)
        return false;
    char *comm = strchr(process->stat, '('), *end = strrchr(process->stat, ')');
    if (!comm || !end || end < comm || end[1] == 0 || end[2] == 0 || end[3] == 0)
        return false;
    *end = 0;
    process->comm = comm + 1;
    process->rest = end + 4;
    return true;
}

static void put_text(const char *key, const struct process *process, const char *file)
{
    char text[257];
    ssize_t size = read_at(process->directory, file, text, sizeof text);
    while (size > 0 && (text[size - 1] == 0 || text[size - 1] == '\n'))
        size--;
    for (ssize_t i = 0; i < size; i++)
        if (text[i] == 0)
            text[i] = ' ';
    if (size > 0)
        out_bytes(key, text, (size_t)size);
    else
        out_null(key);
}

static void put_uid(const struct process *process)
{
    char text[2048];
    const char *uid = read_at(process->directory, "status", text, sizeof text) > 0 ? field_of(text, "Uid") : NULL;
    if (uid)
        out_unsigned("uid", strtoull(uid, NULL, 10));
    else
        out_null("uid");
}

static void report(struct process *process, const char *pid)
{
    char again[16];
    out_begin("holder");
    out_unsigned("pid", strtoull(pid, NULL, 10));
    out_unsigned("start", stat_number(process, 18));
    out_string("comm", process->comm);
    put_uid(process);
    put_text("command", process, "cmdline");
    put_text("label", process, "attr/current");
    out_list_begin("inodes");
    for (size_t i = 0; i < process->count; i++)
        out_unsigned(NULL, walk.held[i].inode);
    out_list_end();
    out_list_begin("fds");
    for (size_t i = 0; i < process->count; i++)
        out_unsigned(NULL, walk.held[i].fds);
    out_list_end();
    out_list_begin("maps");
    for (size_t i = 0; i < process->count; i++)
        out_unsigned(NULL, walk.held[i].maps);
    out_list_end();
    out_list_begin("mapped");
    for (size_t i = 0; i < process->count; i++)
        out_unsigned(NULL, walk.held[i].bytes);
    out_list_end();
    out_list_begin("paths");
    for (unsigned i = 0; i < process->paths; i++)
        out_string(NULL, process->path[i].path);
    out_list_end();
    out_list_begin("paths_opened");
    for (unsigned i = 0; i < process->paths; i++)
        out_unsigned(NULL, process->path[i].opened);
    out_list_end();
    out_list_begin("paths_mapped");
    for (unsigned i = 0; i < process->paths; i++)
        out_unsigned(NULL, process->path[i].mapped);
    out_list_end();
    out_bool("ended", process->ended || read_at(process->directory, "stat", again, sizeof again) <= 0);
    out_bool("changed", process->changed);
    out_end();
}

/* Of a process whose first thread has ended, /proc/PID shows no descriptors; another thread's directory does. */
static void go_to_living_thread(struct process *process, const char *pid)
{
    int fd = openat(process->directory, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;
    while (directory && (entry = readdir(directory)) != NULL) {
        if (entry->d_name[0] == '.' || strcmp(entry->d_name, pid) == 0)
            continue;
        int thread = openat(fd, entry->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (thread >= 0) {
            close(process->directory);
            process->directory = thread;
            break;
        }
    }
    if (directory)
        closedir(directory);
}

static void look_at_process(int proc, const char *pid)
{
    static struct process process;
    process.directory = openat(proc, pid, O_PATH | O_DIRECTORY | O_CLOEXEC);
    process.count = process.paths = 0;
    process.ended = process.changed = false;
    if (process.directory < 0)
        return; /* it ended */
    walk.processes++;
    walk.holder++;
    if (!read_stat(&process)) {
        process.ended = true;
    } else if (stat_number(&process, 5) & KERNEL_THREAD) {
        walk.kernel++;
    } else {
        if (process.rest[-2] == 'Z' && stat_number(&process, 16) > 1)
            go_to_living_thread(&process, pid);
        look_at_descriptors(&process);
        look_at_maps(&process);
        if (process.count || process.paths || process.changed) {
            report(&process, pid);
            walk.reported++;
        }
    }
    close(process.directory);
}

/* Buffers that were only seen in a map: nothing but their size is known. One that has no holder was closed meanwhile. */
static void describe_rest(void)
{
    for (size_t at = 0; at <= walk.mask; at++)
        if (walk.slots[at].holder && !walk.slots[at].described)
            describe(&walk.slots[at], walk.slots[at].size, NULL, NULL);
}

static int look_at_processes(void)
{
    DIR *directory = opendir("/proc");
    const struct dirent *entry;
    if (!directory)
        return errno;
    while ((entry = readdir(directory)) != NULL) {
        if (entry->d_name[0] < '0' || entry->d_name[0] > '9')
            continue;
        if (walk.reported == walk.max_processes || time_is_up()) {
            walk.truncated = true;
            break;
        }
        look_at_process(dirfd(directory), entry->d_name);
    }
    closedir(directory);
    return 0;
}

/* The inode in a line of the kernel's list, debugfs `bufinfo`: size, flags, mode, count, exporter, inode, name. 0: the
 * kernel is older than 5.3, or it is a line that begins within a name. */
static uint64_t listed_inode(const char *line)
{
    for (int i = 0; i < 5 && line; i++) {
        line = strchr(line, '\t');
        line += line != NULL;
    }
    return line ? strtoull(line, NULL, 10) : 0;
}

/* Whether every buffer of the list is in `slots`; with `add` it is put there. False also where that is not known. */
static bool has_slots(char *list, size_t size, bool add)
{
    char *end;
    for (char *line = list; (end = memchr(line, '\n', (size_t)(list + size - line))) != NULL; line = end + 1) {
        if (*line < '0' || *line > '9')
            continue;
        *end = 0;
        uint64_t inode = listed_inode(line);
        *end = '\n';
        if (!inode || !(add ? slot_of(inode) != NULL : place_of(inode)->inode != 0))
            return false;
    }
    return true;
}

static void *memory_for(size_t count, size_t size)
{
    return mmap(NULL, count * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void forget(void)
{
    if (walk.slots && walk.slots != MAP_FAILED)
        munmap(walk.slots, (walk.mask + 1) * sizeof *walk.slots);
    memset(&walk, 0, sizeof walk);
}

static int walk_anew(uint64_t max_processes, uint64_t max_buffers, char *const *texts)
{
    int error = 0;
    forget();
    int list = open(texts[0], O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    walk.listed = list >= 0;
    if (list >= 0)
        close(list);
    walk.patterns = texts + 1;
    walk.max_processes = max_processes;
    walk.max_buffers = max_buffers;
    for (walk.mask = 1; walk.mask < 2 * max_buffers; walk.mask = walk.mask * 2 + 1)
        ;
    walk.slots = memory_for(walk.mask + 1, sizeof *walk.slots);
    walk.held = memory_for(max_buffers, sizeof *walk.held);
    if (walk.slots == MAP_FAILED || walk.held == MAP_FAILED)
        error = ENOMEM;
    else
        error = look_at_processes();
    if (!error)
        describe_rest();
    if (walk.held != MAP_FAILED)
        munmap(walk.held, max_buffers * sizeof *walk.held);
    return error;
}

void fact_holders(uint64_t max_processes, uint64_t max_buffers, bool only_new, char *const *texts)
{
    uint64_t begun = now_ns();
    struct file_text list = {.capacity = MAX_LIST, .text = memory_for(MAX_LIST, 1)};
    int error = 0;
    if (only_new && walk.remembered)
        file_read(texts[0], &list);
    bool unchanged = only_new && walk.remembered && list.whole && has_slots(list.text, list.size, false);
    if (!unchanged) {
        error = walk_anew(max_processes, max_buffers, texts);
        file_read(texts[0], &list);
    }
    out_begin("holders");
    out_state(error);
    out_unsigned("processes", walk.processes);
    out_unsigned("kernel", walk.kernel);
    out_unsigned("denied", walk.denied);
    out_bool("truncated", walk.truncated);
    out_bool("unchanged", unchanged);
    out_unsigned("ns", now_ns() - begun);
    out_end();
    file_put(texts[0], &list);
    walk.remembered = unchanged || (!error && !walk.denied && !walk.truncated && list.whole &&
                                    has_slots(list.text, list.size, true));
    if (list.text != MAP_FAILED)
        munmap(list.text, MAX_LIST);
}
