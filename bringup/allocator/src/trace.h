/* The kernel's trace events of one process, in an instance of tracing that is made for it and removed again: what
 * others trace is neither seen nor changed. */
#ifndef BRINGUP_TRACE_H
#define BRINGUP_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Finds tracing, removes what killed predecessors left there, and names this process's instance. 0, or errno with the
 * path in `trace_path`. */
int trace_find(void);

/* Makes the instance. 0, or errno with the path in `trace_path`. */
int trace_begin(void);

/* Removes it, if it is there. */
void trace_end(void);

/* The folder of tracing, or the path that failed. */
extern char trace_path[160];

/* The text of an event's format (`kmem/mm_page_alloc`), or of `header_page`, up to the print format; errno, or 0. */
int trace_format(const char *event, char *text, size_t capacity);

/* Records these events, of this process alone. Events that this kernel does not have are passed over. 0, or errno. */
int trace_process(pid_t pid, char *const *events);

/* Takes what was recorded since the last call and gives it to `each`, a sub-buffer of the kernel's ring buffer at a
 * time, as it came. 0, or errno. */
int trace_take(void (*each)(const void *bytes, size_t size));

#endif
