/* Processes that the program starts. */
#ifndef BRINGUP_CHILDREN_H
#define BRINGUP_CHILDREN_H

#include <sys/types.h>

/* In a child: it is killed when its parent ends, however that ends. */
void end_with(pid_t parent);

/* Whether a descriptor is open after fork and exec: 1, 0, or -1 where the program could not be run again. */
int open_after_exec(int fd);

#endif
