/* Text without a libc's printf, which would bring floating point and a third of the program's size along. */
#ifndef BRINGUP_TEXT_H
#define BRINGUP_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* Like snprintf, for `%s`, `%d`, `%u`, `%x`, with `ll`, a width, and a leading 0. False: it was cut to fit. */
__attribute__((format(printf, 3, 4))) bool format_text(char *to, size_t capacity, const char *format, ...);
__attribute__((format(printf, 3, 0))) bool format_list(char *to, size_t capacity, const char *format, va_list values);

/* Whether a name matches a pattern of `*`, `?`, `[a-z]`, `[!a-z]` and `\`; bytes, without a locale. */
bool name_matches(const char *pattern, const char *name);

#endif
