/* Which heaps the plan selected, what is known about each, and the plan's items `heaps` and `test`. */
#include "heap.h"

#include "clock.h"
#include "errnos.h"
#include "ion.h"
#include "out.h"
#include "sys.h"
#include "text.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

const char *const default_cma_names[] = {"reserved", "linux,cma", "default-pool", "default_cma_region", NULL};

static char names[MAX_HEAPS][256];
static size_t count;
static const char *selecting;
static uint64_t budget;

void heap_set_budget(uint64_t bytes)
{
    budget = bytes;
}

uint64_t heap_budget(void)
{
    return budget;
}

size_t heap_selected(void)
{
    return count;
}

const char *heap_name(size_t index)
{
    return names[index];
}

static void add(const char *name)
{
    size_t at = 0;
    if (count == MAX_HEAPS || strlen(name) >= sizeof names[0])
        return;
    /* Kept in order, so that two runs compare: a directory's own order is chance. */
    while (at < count && strcmp(names[at], name) < 0)
        at++;
    if (at < count && strcmp(names[at], name) == 0)
        return;
    memmove(names[at + 1 < MAX_HEAPS ? at + 1 : at], names[at], (count - at) * sizeof names[0]);
    strcpy(names[at], name);
    count++;
}

static void add_matching(const char *name)
{
    if (name_matches(selecting, name))
        add(name);
}

void heap_select_none(void)
{
    count = 0;
}

int heap_select(const char *pattern)
{
    if (!strpbrk(pattern, "*?[\\")) {
        add(pattern);
        return 0;
    }
    selecting = pattern;
    return (is_ion(pattern) ? ion_list(add_matching) : sys_list_heaps(add_matching)) == 0 ? 0 : errno;
}

static uint64_t within_budget(uint64_t bytes)
{
    return budget && budget < bytes ? budget : bytes;
}

/* MemFree counts pages that the kernel keeps for itself, MemAvailable does not. Of that, too, a board's own programs need
 * some: what is held in buffers cannot be taken back, and the kernel would kill one of them, adbd for example. A board
 * with little memory has small programs, so it keeps less. */
static uint64_t spare_of(const struct memory *memory)
{
    uint64_t reserve = memory->total / 16 < RESERVE ? memory->total / 16 : RESERVE;
    uint64_t spare = memory->available > reserve ? memory->available - reserve : 0;
    return spare < memory->free ? spare : memory->free;
}

uint64_t memory_limit(void)
{
    struct memory memory;
    return sys_memory(&memory) ? within_budget(spare_of(&memory) / 2) : 0;
}

/* TEE memory, which no CPU maps: mainline's name, and that of the series before it. */
static bool is_protected(const char *name)
{
    return strncmp(name, "protected,", 10) == 0 || strncmp(name, "restricted,", 11) == 0;
}

struct heap heap_look(size_t index)
{
    struct heap heap = {
        .name = names[index],
        .source = SOURCE_NODE,
        .is_protected = is_protected(names[index]),
        .page = (uint64_t)getpagesize(),
    };
    if (is_ion(heap.name))
        ion_resolve(&heap);
    else
        heap.cma = !heap.is_protected && sys_heap_is_cma(heap.name);
    heap.free_known = sys_free_memory(heap.name, heap.cma, &heap.free);
    struct memory memory;
    heap.spare = heap.free_known ? heap.free : 0;
    if (sys_memory(&memory) && spare_of(&memory) < heap.spare)
        heap.spare = spare_of(&memory);
    heap.limit = within_budget(heap.spare / 2);
    return heap;
}

bool heap_test_matches(const struct test *test, const char *pattern)
{
    return name_matches(pattern, test->id);
}

bool heap_test_applies(const struct test *test, const struct heap *heap)
{
    return !test->only || test->only & heap->source;
}

bool heap_test_known(const char *pattern)
{
    for (size_t i = 0; i < heap_test_count; i++)
        if (heap_test_matches(&heap_tests[i], pattern))
            return true;
    return false;
}

const char *outcome_name(enum outcome outcome)
{
    static const char *const text[] = {"pass", "fail", "warn", "skip", "error"};
    return text[outcome];
}

void item_heaps(const char *pattern)
{
    int error = heap_select(pattern);
    out_begin("heaps");
    out_string("pattern", pattern);
    out_state(error);
    out_list_begin("names");
    for (size_t i = 0; i < count; i++)
        out_string(NULL, names[i]);
    out_list_end();
    out_end();
    out_flush();
}

static void report(const struct test *test, const struct heap *heap, const struct verdict *verdict, uint64_t begun)
{
    out_begin("result");
    out_string("heap", heap->name);
    out_string("test", test->id);
    out_string("outcome", outcome_name(verdict->outcome));
    out_string("asserts", test->asserts);
    out_string("seen", verdict->seen);
    out_number("errno", verdict->error);
    out_unsigned("ns", verdict->ns);
    out_unsigned("at", begun);
    if (verdict->seed)
        out_unsigned("seed", verdict->seed);
    out_end();
    out_flush();
}

const char *item_test(const char *pattern)
{
    static char stopped_at[600];
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < heap_test_count; j++) {
            const struct test *test = &heap_tests[j];
            if (!heap_test_matches(test, pattern))
                continue;
            struct heap heap = heap_look(i);
            if (!heap_test_applies(test, &heap))
                continue;
            if (time_is_up()) {
                format_text(stopped_at, sizeof stopped_at, "test %s %s", test->id, names[i]);
                return stopped_at;
            }
            struct verdict verdict;
            uint64_t begun = now_ns();
            heap_run_test(test, &heap, &verdict);
            report(test, &heap, &verdict, begun);
        }
    }
    return NULL;
}
