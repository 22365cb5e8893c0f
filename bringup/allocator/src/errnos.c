/* errno values by name, and what they mean for a path. */
#include "errnos.h"

#include "out.h"
#include "text.h"

#include <errno.h>
#include <stddef.h>

#define NAMED(code) {code, #code}

static const struct {
    int code;
    const char *name;
} names[] = {
    {0, "success"},   NAMED(EPERM),  NAMED(ENOENT),    NAMED(EINTR),      NAMED(EIO),     NAMED(ENXIO),
    NAMED(E2BIG),     NAMED(ENOEXEC), NAMED(EBADF),    NAMED(ECHILD),     NAMED(EAGAIN),  NAMED(ENOMEM),
    NAMED(EACCES),    NAMED(EFAULT), NAMED(EBUSY),     NAMED(EEXIST),     NAMED(ENODEV),  NAMED(ENOTDIR),
    NAMED(EISDIR),    NAMED(EINVAL), NAMED(ENFILE),    NAMED(EMFILE),     NAMED(ENOTTY),  NAMED(EFBIG),
    NAMED(ENOSPC),    NAMED(ESPIPE), NAMED(EROFS),     NAMED(EPIPE),      NAMED(ERANGE),  NAMED(ENAMETOOLONG),
    NAMED(ENOSYS),    NAMED(ELOOP),  NAMED(ENODATA),   NAMED(EOVERFLOW),  NAMED(ETIMEDOUT), NAMED(EOPNOTSUPP),
};

const char *errno_name(int code)
{
    static char unnamed[4][24];
    static unsigned turn;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].code == code)
            return names[i].name;
    char *text = unnamed[turn++ % 4];
    format_text(text, sizeof unnamed[0], "errno %d", code);
    return text;
}

const char *state_of(int code)
{
    switch (code) {
    case 0:
        return "ok";
    case ENOENT:
    case ENOTDIR:
    case ENODEV:
        return "missing";
    case EACCES:
    case EPERM:
        return "denied";
    default:
        return "failed";
    }
}

void out_state(int code)
{
    out_string("state", state_of(code));
    out_number("errno", code);
}
