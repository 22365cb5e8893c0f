/* The first line: which program this is, and on which board. */
#include "abi.h"
#include "facts.h"
#include "out.h"

#include <fcntl.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* One line of a file without its newline or trailing NULs, or NULL. */
static const char *one_line(const char *path, char *text, size_t capacity)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return NULL;
    ssize_t size = read(fd, text, capacity - 1);
    close(fd);
    if (size <= 0)
        return NULL;
    text[size] = 0;
    text[strcspn(text, "\n")] = 0;
    return *text ? text : NULL;
}

const char *boot_id(void)
{
    static char text[64];
    return one_line("/proc/sys/kernel/random/boot_id", text, sizeof text);
}

/* Other security modules answer here, too: an SELinux context has colons. */
static const char *selinux_label(void)
{
    static char text[256];
    const char *label = one_line("/proc/self/attr/current", text, sizeof text);
    return label && strchr(label, ':') ? label : NULL;
}

void fact_hello(uint64_t budget)
{
    struct utsname name;
    bool named = uname(&name) == 0;
    out_begin("hello");
    out_unsigned("protocol", BRINGUP_PROTOCOL);
    out_string("source", BRINGUP_SOURCE);
    out_string("abi", BRINGUP_ABI);
    out_number("page_size", getpagesize());
    out_number("pid", getpid());
    out_unsigned("uid", getuid());
    out_string("label", selinux_label());
    out_string("boot_id", boot_id());
    out_string("sysname", named ? name.sysname : NULL);
    out_string("release", named ? name.release : NULL);
    out_string("version", named ? name.version : NULL);
    out_string("machine", named ? name.machine : NULL);
    out_unsigned("budget", budget);
    out_end();
}
