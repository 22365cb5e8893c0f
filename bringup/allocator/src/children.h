/* Processes that the program starts. */
#ifndef BRINGUP_CHILDREN_H
#define BRINGUP_CHILDREN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* fork(2). The child is killed when its parent ends, however that ends, and drops the output that the parent gathered. */
pid_t start_child(void);

/* Longest that a killed child may take to end; then it sleeps in the kernel. */
#define DIE_MILLISECONDS 1000u

/* Gives a child so many milliseconds to end, then kills it. False: it does not die. */
bool end_child(pid_t pid, uint64_t milliseconds, int *status);

/* Whether a descriptor is open after fork and exec: 1, 0, or -1 where the program could not be run again. */
int open_after_exec(int fd);

#endif
