/* Formatting text, and matching names with patterns. */
#include "text.h"

#include <stdint.h>

struct target {
    char *to;
    size_t room; /* without the NUL */
    bool cut;
};

static void put(struct target *target, char byte)
{
    if (target->room == 0) {
        target->cut = true;
        return;
    }
    *target->to++ = byte;
    target->room--;
}

static void put_string(struct target *target, const char *text)
{
    for (; *text; text++)
        put(target, *text);
}

static void put_number(struct target *target, uint64_t value, unsigned base, unsigned width, char fill)
{
    char digits[20];
    unsigned count = 0;
    do {
        digits[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    while (width > count) {
        put(target, fill);
        width--;
    }
    while (count > 0)
        put(target, digits[--count]);
}

static void put_signed(struct target *target, int64_t value, unsigned width, char fill)
{
    if (value < 0)
        put(target, '-');
    put_number(target, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 10, width, fill);
}

bool format_list(char *to, size_t capacity, const char *format, va_list values)
{
    struct target target = {.to = to, .room = capacity - 1};
    for (; *format; format++) {
        if (*format != '%') {
            put(&target, *format);
            continue;
        }
        char fill = format[1] == '0' ? '0' : ' ';
        unsigned width = 0;
        for (format++; *format >= '0' && *format <= '9'; format++)
            width = width * 10 + (unsigned)(*format - '0');
        bool wide = format[0] == 'l' && format[1] == 'l';
        format += wide ? 2 : 0;
        if (*format == 's')
            put_string(&target, va_arg(values, const char *));
        else if (*format == 'd')
            put_signed(&target, wide ? va_arg(values, long long) : va_arg(values, int), width, fill);
        else
            put_number(&target, wide ? va_arg(values, unsigned long long) : va_arg(values, unsigned),
                       *format == 'x' ? 16 : 10, width, fill);
    }
    *target.to = 0;
    return !target.cut;
}

bool format_text(char *to, size_t capacity, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    bool whole = format_list(to, capacity, format, values);
    va_end(values);
    return whole;
}

/* What follows one `[…]`, or NULL when it is not closed: then `[` stands for itself. Sets whether `byte` is in it. */
static const char *match_set(const char *set, unsigned char byte, bool *in)
{
    bool inverted = *set == '!' || *set == '^';
    bool found = false;
    const char *at = set + inverted;
    do {
        if (*at == '\\' && at[1])
            at++;
        if (*at == 0)
            return NULL;
        unsigned char low = (unsigned char)*at++, high = low;
        if (at[0] == '-' && at[1] && at[1] != ']') {
            high = (unsigned char)at[1];
            at += 2;
        }
        found = found || (byte >= low && byte <= high);
    } while (*at != ']');
    *in = found != inverted;
    return at + 1;
}

/* Matches one byte against one element of the pattern; what follows the element, or NULL. */
static const char *match_one(const char *pattern, char byte)
{
    bool in = false;
    const char *after;
    if (*pattern == '?')
        return pattern + 1;
    if (*pattern == '[' && (after = match_set(pattern + 1, (unsigned char)byte, &in)) != NULL)
        return in ? after : NULL;
    if (*pattern == '\\' && pattern[1])
        pattern++;
    return *pattern == byte ? pattern + 1 : NULL;
}

/* Goes back to the last `*` only: an earlier one can match no more than it did. */
bool name_matches(const char *pattern, const char *name)
{
    const char *star = NULL, *resume = NULL;
    while (*name) {
        const char *after;
        if (*pattern == '*') {
            star = ++pattern;
            resume = name;
        } else if (*pattern && (after = match_one(pattern, *name)) != NULL) {
            pattern = after;
            name++;
        } else if (star) {
            pattern = star;
            name = ++resume;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == 0;
}
