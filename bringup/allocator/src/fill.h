/* Filling, reading and copying memory as fast as the machine does it. The libc's memset will not do: built for size it writes byte by byte,
 * some forty times slower, and what a heap's latency is compared with would mean nothing. */
#ifndef BRINGUP_FILL_H
#define BRINGUP_FILL_H

#include <stdint.h>

/* `size` is a multiple of 64 bytes, `memory` is aligned to a page. */
void fill_zero(void *memory, uint64_t size);
void fill_words(void *memory, uint64_t word, uint64_t size);
void read_words(const void *memory, uint64_t size);
void copy_words(void *to, const void *from, uint64_t size);

#endif
