/* The plan: what the host wants read and tested. Read whole and checked whole before anything is done. */
#ifndef BRINGUP_PLAN_H
#define BRINGUP_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLAN_MAX_BYTES (1u << 20)
#define PLAN_MAX_ITEMS 4096u
#define PLAN_MAX_ROUNDS 1000u
#define PLAN_MAX_SIZE (1ull << 30)
#define PLAN_MAX_THREADS 64u

enum item_kind {
    ITEM_BUDGET,
    ITEM_READ,
    ITEM_GLOB,
    ITEM_FILES,
    ITEM_TREE,
    ITEM_NODE,
    ITEM_RUN,
    ITEM_DMESG,
    ITEM_HOLDERS,
    ITEM_HEAPS,
    ITEM_ION,
    ITEM_READS,
    ITEM_STRESS,
    ITEM_MARK,
    ITEM_TEST,
    ITEM_BENCH,
    ITEM_MEASURE,
    ITEM_PAGES,
    ITEM_EXHAUST,
};

struct item {
    enum item_kind kind;
    unsigned line;
    unsigned texts;     /* how many strings there are in `text` */
    char **text;        /* its strings in the plan's order, then a NULL */
    uint64_t number[4]; /* its numbers in the plan's order */
};

struct plan {
    size_t count;
    const struct item *items;
    uint64_t budget_bytes;        /* 0: half of what the board can spare */
    uint64_t budget_milliseconds; /* 0: none */
};

struct refusal {
    unsigned line;
    const char *reason;
};

/* Reads a plan from `fd` up to its `end` line. False: refused, nothing may be done. */
bool plan_read(int fd, struct plan *plan, struct refusal *why);

/* Reports to the host that the plan was refused; returns the exit status. */
int plan_refuse(const struct refusal *why);

/* The item's keyword, as it stands in the plan. */
const char *item_keyword(enum item_kind kind);

/* How many numbers an item of this kind has. */
unsigned item_numbers(enum item_kind kind);

#endif
