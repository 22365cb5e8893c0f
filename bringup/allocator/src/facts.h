/* Facts of the board: the program only knows how to read them, what to read is in the plan. */
#ifndef BRINGUP_FACTS_H
#define BRINGUP_FACTS_H

#include "plan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

/* hello.c: who and where the program is. */
void fact_hello(uint64_t budget);

/* The kernel's boot_id, or NULL. */
const char *boot_id(void);

/* node.c: a path itself, links not followed. */
void fact_node(const char *path);

/* A node that could not be looked at. */
void fact_node_failed(const char *path, int error);

/* read.c: the bytes of one regular file, or the records of /dev/kmsg. Another device, a fifo or a socket is never opened. */
void fact_file(const char *path, uint64_t max);

/* The same in two steps, with memory of the caller's in between. `text` may be MAP_FAILED: then ENOMEM is reported. */
struct file_text {
    char *text;
    size_t capacity, size;
    int error;
    bool whole;
};
void file_read(const char *path, struct file_text *file);
void file_put(const char *path, const struct file_text *file);

void fact_dmesg(uint64_t max);

/* walk.c: false when the time budget ended it. */
bool fact_glob(const char *pattern, uint64_t max_count);
bool fact_files(const char *pattern, uint64_t max_count, uint64_t max);
bool fact_tree(const char *path, uint64_t depth, uint64_t max_count, uint64_t max);

/* holders.c: which processes hold DMA-BUFs, and which of the paths that match they have open or mapped. `texts`: the
 * kernel's own list of buffers, then patterns, then NULL. `only_new`: where the list has no buffer that was not there at the
 * walk before, nobody is looked at. The list itself comes after the walk, as a file. */
void fact_holders(uint64_t max_processes, uint64_t max_buffers, bool only_new, char *const *texts);

/* run.c: a program without a shell. `argv` ends with a NULL. */
void fact_run(uint64_t milliseconds, uint64_t max, char **argv);

#endif
