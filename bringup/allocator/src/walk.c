/* glob, files and tree. One path buffer, no list of names: what is found is written at once, in the order in which
 * the directory gives it. */
#include "clock.h"
#include "errnos.h"
#include "facts.h"
#include "out.h"
#include "text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

static struct {
    char path[PATH_MAX];
    uint64_t count;
    uint64_t max_count;
    uint64_t max;   /* bytes a file; 0: no contents, only nodes */
    bool truncated; /* there was more: too many, too deep, or the time was up */
    bool stopped;   /* too many, or the time was up: nothing further is looked at */
    bool late;      /* the time was up */
    int error;      /* the first directory that could not be searched, other than a missing one */
} walk;

static void start(uint64_t max_count, uint64_t max)
{
    memset(&walk, 0, sizeof walk);
    walk.max_count = max_count;
    walk.max = max;
}

static bool finish(const char *pattern)
{
    out_begin("glob");
    out_string("pattern", pattern);
    out_state(walk.error);
    out_unsigned("count", walk.count);
    out_bool("truncated", walk.truncated);
    out_end();
    return !walk.late;
}

static void note_error(int error)
{
    if (walk.error == 0)
        walk.error = error;
}

/* NULL at the end, and where the directory cannot be read further, which is noted. */
static const struct dirent *next_entry(DIR *directory)
{
    errno = 0;
    const struct dirent *entry = readdir(directory);
    if (!entry && errno)
        note_error(errno);
    return entry;
}

/* Appends a component; the length before it, or -1 when it does not fit. */
static ssize_t enter(const char *name, size_t size)
{
    size_t length = strlen(walk.path);
    bool slash = length > 0 && walk.path[length - 1] != '/';
    if (length + slash + size + 1 > sizeof walk.path) {
        note_error(ENAMETOOLONG);
        return -1;
    }
    if (slash)
        walk.path[length] = '/';
    memcpy(walk.path + length + slash, name, size);
    walk.path[length + slash + size] = 0;
    return (ssize_t)length;
}

static void leave(ssize_t length)
{
    walk.path[length] = 0;
}

static bool full(void)
{
    walk.late = time_is_up();
    if (walk.count < walk.max_count && !walk.late)
        return false;
    walk.truncated = true;
    walk.stopped = true;
    return true;
}

static void found(bool follow)
{
    struct stat file;
    bool regular = walk.max && (follow ? stat : lstat)(walk.path, &file) == 0 && S_ISREG(file.st_mode);
    walk.count++;
    if (regular)
        fact_file(walk.path, walk.max);
    else
        fact_node(walk.path);
}

static bool has_wildcard(const char *component, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (strchr("*?[\\", component[i]))
            return true;
    return false;
}

static void search(const char *rest, bool below_wildcard);

/* The pattern's end: the path counts when it is there. */
static void arrive(bool below_wildcard)
{
    struct stat file;
    if (lstat(walk.path, &file) == 0) {
        if (!full())
            found(true);
    } else if (!below_wildcard || (errno != ENOENT && errno != ENOTDIR)) {
        note_error(errno);
    }
}

static void search_directory(const char *component, const char *rest, bool below_wildcard)
{
    DIR *directory = opendir(*walk.path ? walk.path : ".");
    if (!directory) {
        if (!below_wildcard || (errno != ENOENT && errno != ENOTDIR))
            note_error(errno);
        return;
    }
    const struct dirent *entry;
    while (!walk.stopped && (entry = next_entry(directory)) != NULL) {
        const char *name = entry->d_name;
        /* As in a shell, a leading dot is matched by a dot alone. */
        bool hidden = name[0] == '.' && (component[0] != '.' || name[1] == 0 || (name[1] == '.' && name[2] == 0));
        if (hidden || !name_matches(component, name))
            continue;
        ssize_t before = enter(name, strlen(name));
        if (before < 0)
            continue;
        search(rest, true);
        leave(before);
    }
    closedir(directory);
}

/* Goes on from walk.path with what is left of the pattern. */
static void search(const char *rest, bool below_wildcard)
{
    rest += strspn(rest, "/");
    size_t size = strcspn(rest, "/");
    if (size == 0) {
        arrive(below_wildcard);
        return;
    }
    if (!has_wildcard(rest, size)) {
        ssize_t before = enter(rest, size);
        if (before >= 0) {
            search(rest + size, below_wildcard);
            leave(before);
        }
        return;
    }
    char component[NAME_MAX + 1];
    if (size > NAME_MAX) {
        note_error(ENAMETOOLONG);
        return;
    }
    memcpy(component, rest, size);
    component[size] = 0;
    search_directory(component, rest + size, below_wildcard);
}

bool fact_files(const char *pattern, uint64_t max_count, uint64_t max)
{
    start(max_count, max);
    if (*pattern == '/')
        strcpy(walk.path, "/");
    search(pattern, false);
    return finish(pattern);
}

bool fact_glob(const char *pattern, uint64_t max_count)
{
    return fact_files(pattern, max_count, 0);
}

static void descend(int fd, uint64_t depth);

static int open_directory(int parent, const char *name, int flags)
{
    return openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags);
}

static void visit(int parent, const char *name, uint64_t depth)
{
    struct stat file;
    if (fstatat(parent, name, &file, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(file.st_mode))
        descend(open_directory(parent, name, O_NOFOLLOW), depth);
    else if (!full())
        found(false);
}

/* Everything in the directory walk.path, open as `fd`; closes it. A negative `fd`: it could not be opened (errno). */
static void descend(int fd, uint64_t depth)
{
    DIR *directory = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;
    if (!directory) {
        note_error(errno);
        fact_node_failed(walk.path, errno);
        if (fd >= 0)
            close(fd);
        return;
    }
    while (!walk.stopped && (entry = next_entry(directory)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        ssize_t before = enter(entry->d_name, strlen(entry->d_name));
        if (before < 0)
            continue;
        if (depth > 0)
            visit(fd, entry->d_name, depth - 1);
        else
            walk.truncated = true;
        leave(before);
    }
    closedir(directory);
}

bool fact_tree(const char *path, uint64_t depth, uint64_t max_count, uint64_t max)
{
    start(max_count, max);
    if (enter(path, strlen(path)) >= 0)
        descend(open_directory(AT_FDCWD, path, 0), depth);
    return finish(path);
}
