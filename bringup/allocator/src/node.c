/* The fact `node`: type, mode, owner, device number, SELinux label and link target of one path. */
#include "errnos.h"
#include "facts.h"
#include "out.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

static const char *type_of(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFCHR:
        return "char";
    case S_IFBLK:
        return "block";
    case S_IFDIR:
        return "dir";
    case S_IFREG:
        return "file";
    case S_IFLNK:
        return "link";
    case S_IFIFO:
        return "fifo";
    case S_IFSOCK:
        return "socket";
    default:
        return NULL;
    }
}

/* null: the file system or the kernel knows no labels, or they may not be read. */
static void put_label(const char *path)
{
    char label[256];
    ssize_t size = lgetxattr(path, "security.selinux", label, sizeof label);
    while (size > 0 && label[size - 1] == 0)
        size--;
    if (size > 0)
        out_bytes("label", label, (size_t)size);
    else
        out_null("label");
}

static void put_target(const char *path, mode_t mode)
{
    char target[PATH_MAX];
    ssize_t size = S_ISLNK(mode) ? readlink(path, target, sizeof target) : -1;
    if (size >= 0)
        out_bytes("target", target, (size_t)size);
    else
        out_null("target");
}

static void begin(const char *path, int error)
{
    out_begin("node");
    out_string("path", path);
    out_state(error);
}

void fact_node_failed(const char *path, int error)
{
    static const char *const unknown[] = {"type", "mode", "uid", "gid", "rdev", "size", "label", "target"};
    begin(path, error);
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
        out_null(unknown[i]);
    out_end();
}

void fact_node(const char *path)
{
    struct stat found;
    if (lstat(path, &found) != 0) {
        fact_node_failed(path, errno);
        return;
    }
    begin(path, 0);
    out_string("type", type_of(found.st_mode));
    out_unsigned("mode", found.st_mode & 07777u);
    out_unsigned("uid", found.st_uid);
    out_unsigned("gid", found.st_gid);
    if (S_ISCHR(found.st_mode) || S_ISBLK(found.st_mode)) {
        out_list_begin("rdev");
        out_unsigned(NULL, major(found.st_rdev));
        out_unsigned(NULL, minor(found.st_rdev));
        out_list_end();
    } else {
        out_null("rdev");
    }
    out_number("size", found.st_size);
    put_label(path);
    put_target(path, found.st_mode);
    out_end();
}
