/* Processes that the program starts. */
#ifndef BRINGUP_CHILDREN_H
#define BRINGUP_CHILDREN_H

#include <sys/types.h>

/* fork(2). The child is killed when its parent ends, however that ends, and drops the output that the parent gathered. */
pid_t start_child(void);

/* Whether a descriptor is open after fork and exec: 1, 0, or -1 where the program could not be run again. */
int open_after_exec(int fd);

#endif
