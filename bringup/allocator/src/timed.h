/* The operations that are timed, on a heap's buffers, on ION's, and on the process's own memory and files. */
#ifndef BRINGUP_TIMED_H
#define BRINGUP_TIMED_H

#include "heap.h"

#include <stdbool.h>
#include <stdint.h>

/* Their order is that of a turn. The two empty loops are the timing's own cost. */
enum op {
    OP_ALLOC,
    OP_TOUCH,
    OP_FILL,
    OP_READ,
    OP_COPY,
    OP_SYNC_START,
    OP_SYNC_END,
    OP_FREE,
    OP_ZERO,
    OP_EMPTY,
    OP_EMPTY_MANY,
    OPS
};

#define BATCH_BUFFERS 16u
#define MAX_BATCH 256u

/* Where buffers come from. `batch` is how many calls make a sample; 0: not measured here. */
struct origin {
    bool own; /* the process's own memory and files */
    struct heap heap;
    int fd;
    int error;        /* errno of what it refused; it is left alone after that */
    uint64_t buffers; /* most that one thread may hold */
    uint64_t taken;   /* turns with samples */
    uint32_t batch[OPS];
};

/* What one thread works with: memory of its own, the second part of it behind a file. */
struct worker {
    char *from, *to;
    int file;
    uint64_t size;
    int fds[BATCH_BUFFERS];
    void *maps[BATCH_BUFFERS];
};

const char *op_name(bool own, enum op op);

/* The memory of a worker; false: there is none. */
bool worker_open(struct worker *worker, uint64_t size);

/* Each of the origin's operations once, in order; `took` is nanoseconds a batch. False: it gave no buffer, errno is in
 * the origin, and nothing is held. An operation that this origin does not have gets a batch of 0. */
bool take_turn(struct origin *origin, struct worker *worker, uint64_t *took);

/* Sets each batch so that the empty loop is at most 2 % of a sample, by the quickest of the turns before: `quickest` is
 * what a call took there, in sixteenths of a nanosecond, 0 before the first. */
void choose_batches(struct origin *origin, const uint64_t *took, uint64_t *quickest, uint64_t empty);

#endif
