/* JSON lines and plain text on standard output, gathered before they are written. */
#include "out.h"

#include "clock.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define EXIT_OUTPUT_LOST 3
#define GATHERED_BYTES 32768u
#define GATHERED_NS 20000000u

static char buffer[65536];
static size_t used;
static uint64_t lines;
static uint64_t waiting_since; /* 0: no line waits */
static bool comma;
static uint8_t base64_left[3];
static unsigned base64_count;

static void write_out(const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t done = write(STDOUT_FILENO, bytes, size);
        if (done > 0) {
            bytes += done;
            size -= (size_t)done;
        } else if (done < 0 && errno == EAGAIN) {
            struct pollfd ready = {.fd = STDOUT_FILENO, .events = POLLOUT};
            poll(&ready, 1, -1);
        } else if (done == 0 || errno != EINTR) {
            _exit(EXIT_OUTPUT_LOST);
        }
    }
}

void out_flush(void)
{
    write_out(buffer, used);
    used = 0;
    waiting_since = 0;
}

void out_forget(void)
{
    used = 0;
}

uint64_t out_lines(void)
{
    return lines;
}

static void put(char byte)
{
    if (used == sizeof buffer)
        out_flush();
    buffer[used++] = byte;
}

void out_text(const char *text)
{
    for (; *text; text++)
        put(*text);
}

static void put_quoted(const uint8_t *bytes, size_t size)
{
    static const char hex[] = "0123456789abcdef";
    put('"');
    for (size_t i = 0; i < size; i++) {
        uint8_t byte = bytes[i];
        if (byte == '"' || byte == '\\') {
            put('\\');
            put((char)byte);
        } else if (byte >= 0x20 && byte <= 0x7e) {
            put((char)byte);
        } else {
            out_text("\\u00");
            put(hex[byte >> 4]);
            put(hex[byte & 15]);
        }
    }
    put('"');
}

static void put_key(const char *key)
{
    if (comma)
        put(',');
    comma = true;
    if (key) {
        put_quoted((const uint8_t *)key, strlen(key));
        put(':');
    }
}

void out_begin(const char *type)
{
    put('{');
    comma = false;
    out_string("t", type);
}

void out_end(void)
{
    out_text("}\n");
    lines++;
    uint64_t now = now_ns();
    if (waiting_since == 0)
        waiting_since = now;
    if (used >= GATHERED_BYTES || now - waiting_since >= GATHERED_NS)
        out_flush();
}

void out_bytes(const char *key, const void *bytes, size_t size)
{
    put_key(key);
    put_quoted(bytes, size);
}

void out_string(const char *key, const char *value)
{
    if (value)
        out_bytes(key, value, strlen(value));
    else
        out_null(key);
}

static void put_unsigned(uint64_t value)
{
    char digits[20];
    int count = 0;
    do {
        digits[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    while (count > 0)
        put(digits[--count]);
}

void out_unsigned(const char *key, uint64_t value)
{
    put_key(key);
    put_unsigned(value);
}

void out_number(const char *key, int64_t value)
{
    put_key(key);
    if (value < 0)
        put('-');
    put_unsigned(value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void out_bool(const char *key, bool value)
{
    put_key(key);
    out_text(value ? "true" : "false");
}

void out_null(const char *key)
{
    put_key(key);
    out_text("null");
}

void out_list_begin(const char *key)
{
    put_key(key);
    put('[');
    comma = false;
}

void out_list_end(void)
{
    put(']');
    comma = true;
}

void out_samples(const char *key, const uint64_t *samples, uint64_t count)
{
    out_list_begin(key);
    for (uint64_t i = 0; i < count; i++)
        out_unsigned(NULL, samples[i]);
    out_list_end();
}

static void put_base64_group(unsigned count)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t bits = (uint32_t)base64_left[0] << 16;
    if (count > 1)
        bits |= (uint32_t)base64_left[1] << 8;
    if (count > 2)
        bits |= base64_left[2];
    put(alphabet[bits >> 18 & 63]);
    put(alphabet[bits >> 12 & 63]);
    put(count > 1 ? alphabet[bits >> 6 & 63] : '=');
    put(count > 2 ? alphabet[bits & 63] : '=');
}

void out_base64_begin(const char *key)
{
    put_key(key);
    put('"');
    base64_count = 0;
}

void out_base64_add(const void *bytes, size_t size)
{
    const uint8_t *from = bytes;
    for (size_t i = 0; i < size; i++) {
        base64_left[base64_count++] = from[i];
        if (base64_count == 3) {
            put_base64_group(3);
            base64_count = 0;
        }
    }
}

void out_base64_end(void)
{
    if (base64_count)
        put_base64_group(base64_count);
    put('"');
}
