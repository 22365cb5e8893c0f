/* JSON lines on standard output. A write(2) costs more than most facts do, so lines are gathered: until there are 32 KiB
 * of them, or the first has waited for 20 ms when another ends, or out_flush is called, as before and after all that may
 * end the program or the board. When standard output cannot be written the program ends with status 3. */
#ifndef BRINGUP_OUT_H
#define BRINGUP_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `{"t":"TYPE"`; fields follow, then out_end. */
void out_begin(const char *type);
void out_end(void);

/* A string is bytes: printable ASCII stands for itself, any other byte becomes \u00NN. NULL becomes null. */
void out_string(const char *key, const char *value);
void out_bytes(const char *key, const void *bytes, size_t size);
void out_number(const char *key, int64_t value);
void out_unsigned(const char *key, uint64_t value);
void out_bool(const char *key, bool value);
void out_null(const char *key);

/* A list; its members are written with a NULL key. */
void out_list_begin(const char *key);
void out_list_end(void);
void out_samples(const char *key, const uint64_t *samples, uint64_t count);

/* A base64 string, fed in pieces of any size. */
void out_base64_begin(const char *key);
void out_base64_add(const void *bytes, size_t size);
void out_base64_end(void);

/* Plain text, not JSON (KTAP, --help): written as it is, sent by out_flush. */
void out_text(const char *text);
void out_flush(void);

/* Lines ended so far. */
uint64_t out_lines(void);

/* Drops what is buffered and not yet written, in a child that shares the buffer. */
void out_forget(void);

#endif
