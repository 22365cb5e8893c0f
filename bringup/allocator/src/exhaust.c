/* How much memory a heap gives until it refuses, and how large its largest buffers are.
 *
 * A CMA heap is bounded by its area, so all of it is asked for: ENOMEM comes before the rest of the board is short of
 * memory. Nothing bounds another heap but the board's memory; it is asked for what a test may hold, and no more. */
#include "children.h"
#include "clock.h"
#include "errnos.h"
#include "out.h"
#include "sys.h"
#include "text.h"
#include "settle.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PIECES 64u
#define SLACK_PAGES 16u       /* asked for beyond what is free: one more must fail */
#define EXHAUST_BUFFERS 900u /* a process may have 1024 descriptors */
#define MOST_UNBOUNDED (64ull * MIB) /* of a heap that is not CMA: more would show nothing new */

enum stop { NOT_TRIED, ENDED, NO_MEMORY, BUDGET, TIME, DESCRIPTORS, OTHER_ERROR };
static const char *const stop_names[] = {"not tried", "died", "ENOMEM", "budget", "time", "descriptors", "error"};

/* In shared memory: a process that dies leaves what it had found. */
struct exhaustion {
    uint64_t free, limit, held, largest, fragmented_free, largest_fragmented, largest_after, free_after, ns;
    uint32_t buffers;
    enum stop stopped;
    int error;
    uint64_t asked; /* by the call that ended it */
    char seen[160]; /* why it was not tried */
};

static struct {
    struct exhaustion *to;
    struct test_run run;
    uint64_t ends_at;
    int fds[EXHAUST_BUFFERS];
    unsigned count, pieces; /* how many of them are of the first size */
} work;

static bool late(void)
{
    return now_ns() >= work.ends_at || time_is_up();
}

/* A single buffer, made and closed at once. ENOMEM is an answer; anything else ends the work. */
static bool can_have(uint64_t size)
{
    int fd = buffer_alloc(&work.run, size);
    if (fd >= 0) {
        sys_close(fd);
        return true;
    }
    if (errno != ENOMEM && work.to->stopped < OTHER_ERROR) {
        work.to->stopped = OTHER_ERROR;
        work.to->error = errno;
        work.to->asked = size;
    }
    return false;
}

/* The largest single buffer, to within `step`, `most` at most. What fails costs little, what succeeds is zeroed, so it
 * is looked for from above, by growing steps. */
static uint64_t largest(uint64_t most, uint64_t step)
{
    uint64_t had = 0, fails = most / step + 1, next = fails - 1; /* in steps */
    for (uint64_t back = 1; next && !had && !late(); back *= 2) {
        if (can_have(next * step))
            had = next;
        else
            fails = next;
        next = next > back ? next - back : 0;
    }
    while (fails - had > 1 && !late()) {
        next = had + (fails - had) / 2;
        if (can_have(next * step))
            had = next;
        else
            fails = next;
    }
    return had * step;
}

static void fill(uint64_t size)
{
    struct exhaustion *to = work.to;
    uint64_t slack = work.run.heap->cma && !heap_budget() ? SLACK_PAGES * work.run.heap->page : 0;
    for (;;) {
        if (late())
            to->stopped = TIME;
        else if (to->held + size > to->limit + (size <= slack ? slack : 0))
            to->stopped = BUDGET;
        else if (work.count == EXHAUST_BUFFERS)
            to->stopped = DESCRIPTORS;
        else
            to->stopped = ENDED;
        if (to->stopped != ENDED)
            return;
        int fd = buffer_alloc(&work.run, size);
        if (fd < 0) {
            to->stopped = errno == ENOMEM ? NO_MEMORY : OTHER_ERROR;
            to->error = errno;
            to->asked = size;
            return;
        }
        work.fds[work.count++] = fd;
        to->buffers++;
        to->held += size;
    }
}

/* Gives back every `step`th of the buffers of the first size, or, with 0, all. */
static void drop(unsigned step)
{
    for (unsigned i = 0; i < (step ? work.pieces : work.count); i += step ? step : 1)
        if (work.fds[i] >= 0) {
            sys_close(work.fds[i]);
            work.fds[i] = -1;
        }
}

static uint64_t least(uint64_t one, uint64_t other)
{
    return one < other ? one : other;
}

static uint64_t whole_pages(uint64_t bytes)
{
    uint64_t page = work.run.heap->page;
    return (bytes + page - 1) / page * page;
}

/* The largest single buffer while single pieces are free: looked for from below, because each failure is a line in the kernel's log. */
static uint64_t whole_pieces(uint64_t piece)
{
    uint64_t pieces = 0;
    while (!late() && can_have((pieces + 1) * piece))
        pieces++;
    return pieces * piece;
}

/* What is free of CMA is known exactly only now, with a page of it held (settle.c). */
static void begin(struct level *before)
{
    struct exhaustion *to = work.to;
    if (!level_read(&work.run, before))
        *before = (struct level){to->free, to->free};
    if (!work.run.heap->cma || before->free < to->free)
        return;
    to->free = before->free;
    to->limit = heap_budget() && heap_budget() < to->free ? heap_budget() : to->free;
}

static void exhaust(void)
{
    struct exhaustion *to = work.to;
    bool cma = work.run.heap->cma;
    struct level before;
    begin(&before);
    uint64_t step = whole_pages(to->limit / PIECES);
    enum stop stopped;
    if (cma)
        to->largest = largest(to->limit, step);
    if (to->stopped == OTHER_ERROR)
        return;
    /* The first size goes to all that a piece fits in, smaller ones to what is left. */
    fill(step);
    work.pieces = work.count;
    for (uint64_t size = step / 8; size > work.run.heap->page && to->stopped <= BUDGET; size /= 8)
        fill(whole_pages(size));
    if (to->stopped <= BUDGET)
        fill(work.run.heap->page);
    stopped = to->stopped;
    if (cma && stopped == NO_MEMORY && work.pieces > 1) {
        drop(2);
        to->fragmented_free = (work.pieces + 1) / 2 * step;
        to->largest_fragmented = whole_pieces(step);
    }
    drop(0);
    uint64_t missing = level_missing(&work.run, &before, to->held / 16);
    to->free_after = missing < to->free ? to->free - missing : 0;
    if (missing == UINT64_MAX) { /* not known: as if the process had died here */
        to->stopped = ENDED;
        return;
    }
    if (to->largest && stopped == NO_MEMORY)
        to->largest_after = can_have(to->largest) ? to->largest : largest(to->largest, step);
}

/* Whether it may be tried at all; the limit. Beside a CMA area, memory stays free for all that cannot live in one. */
static bool may_try(const struct heap *heap, struct exhaustion *to)
{
    struct memory memory;
    bool known = heap->free_known && sys_memory(&memory);
    to->free = heap->free;
    to->limit = heap->cma ? heap->free : heap->limit;
    if (!heap->cma && !heap_budget() && to->limit > MOST_UNBOUNDED)
        to->limit = MOST_UNBOUNDED;
    if (heap_budget() && heap_budget() < to->limit)
        to->limit = heap_budget();
    if (!known)
        strcpy(to->seen, "how much memory is free cannot be read");
    else if (to->limit < heap->page)
        strcpy(to->seen, "less than a page may be held");
    else if (heap->cma && least(memory.free, memory.available) < to->limit + RESERVE)
        format_text(to->seen, sizeof to->seen, "%s is %llu bytes, of which this would take %llu: less than 32 MiB would be left",
                    memory.free < memory.available ? "MemFree" : "MemAvailable",
                    (unsigned long long)least(memory.free, memory.available), (unsigned long long)to->limit);
    return !*to->seen;
}

static void report(const struct heap *heap, const struct exhaustion *found)
{
    out_begin("exhaust");
    out_string("heap", heap->name);
    out_bool("cma", heap->cma);
    out_string("stopped", stop_names[found->stopped]);
    out_number("errno", found->error);
    out_string("seen", found->seen);
    out_unsigned("free", found->free);
    out_unsigned("limit", found->limit);
    out_unsigned("held", found->held);
    out_unsigned("buffers", found->buffers);
    out_unsigned("asked", found->asked);
    out_unsigned("largest", found->largest);
    out_unsigned("fragmented_free", found->fragmented_free);
    out_unsigned("largest_fragmented", found->largest_fragmented);
    out_unsigned("largest_after", found->largest_after);
    out_unsigned("free_after", found->free_after);
    out_unsigned("ns", found->ns);
    out_end();
}

static void mark(const char *what, const char *name, struct exhaustion *to)
{
    char line[400];
    format_text(line, sizeof line, "<6>bringup: %s heap %s on purpose\n", what, name);
    int error = sys_log(line);
    if (error && !*to->seen)
        format_text(to->seen, sizeof to->seen, "the kernel's log, where failed allocations appear, cannot be marked: %s",
                    errno_name(error));
}

static void in_child(const struct heap *heap, struct exhaustion *to, uint64_t milliseconds)
{
    uint64_t begun = now_ns();
    work.to = to;
    work.run = (struct test_run){.heap = heap, .fd = heap_open(heap)};
    work.ends_at = begun + milliseconds * 1000000u;
    if (work.run.fd < 0) {
        format_text(to->seen, sizeof to->seen, "the heap does not open: %s", errno_name(errno));
        to->stopped = NOT_TRIED;
    } else {
        exhaust();
    }
    to->ns = now_ns() - begun;
    _exit(0);
}

static void exhaust_heap(const struct heap *heap, struct exhaustion *to, uint64_t milliseconds)
{
    *to = (struct exhaustion){0};
    out_flush();
    if (may_try(heap, to) && heap->cma)
        mark("exhausts", heap->name, to);
    if (!*to->seen) {
        int status;
        to->stopped = ENDED;
        pid_t pid = start_child();
        if (pid == 0)
            in_child(heap, to, milliseconds);
        if (pid > 0)
            end_child(pid, milliseconds * 2 + DIE_MILLISECONDS, &status);
        if (heap->cma)
            mark("has exhausted", heap->name, to);
    }
    report(heap, to);
}

const char *item_exhaust(uint64_t milliseconds)
{
    static char stopped_at[300];
    struct exhaustion *found =
        mmap(NULL, sizeof *found, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (found == MAP_FAILED)
        return "exhaust: no memory";
    for (size_t i = 0; i < heap_selected(); i++) {
        struct heap heap = heap_look(i);
        if (time_is_up()) {
            format_text(stopped_at, sizeof stopped_at, "exhaust %s", heap.name);
            return stopped_at;
        }
        if (!heap.is_protected)
            exhaust_heap(&heap, found, milliseconds);
    }
    munmap(found, sizeof *found);
    return NULL;
}
