/* Running the heap tests: which heaps, which tests, how much memory, and each test in its own process. */
#ifndef BRINGUP_HEAP_H
#define BRINGUP_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAX_HEAPS 128u /* the kernel's own limit */

/* OUTCOME_WARN: the heap works, and the kernel has a defect that many kernels have. */
enum outcome { OUTCOME_PASS, OUTCOME_FAIL, OUTCOME_WARN, OUTCOME_SKIP, OUTCOME_ERROR };

struct verdict {
    enum outcome outcome;
    int error;   /* errno, or 0 */
    uint64_t ns; /* time taken */
    uint64_t seed; /* of the sizes, where they are chosen by chance; else 0 */
    char seen[480];
};

/* Where buffers come from; a test is about all of these, or some. */
enum source { SOURCE_NODE = 1, SOURCE_ION = 2, SOURCE_LEGACY_ION = 4 };
#define SOURCE_ANY_ION (SOURCE_ION | SOURCE_LEGACY_ION)

/* One heap, and how much of it a test may hold. */
struct heap {
    const char *name; /* in /dev/dma_heap, or ion/NAME (ion.h) */
    enum source source;
    uint32_t ion_mask, ion_flags, ion_type;
    bool cma;
    bool is_protected; /* by its name: TEE memory, never mapped by a CPU */
    uint64_t page;     /* bytes a page */
    bool free_known;
    uint64_t free;     /* bytes free for it when the test began */
    uint64_t spare;    /* of these, what the board can do without */
    uint64_t limit;    /* most bytes a test may hold at one time: half of `spare`, or the plan's budget */
};

/* One test on one heap: what it works on, and where it reports what it saw. A test that reports nothing has passed. */
struct test_run {
    const struct heap *heap;
    int fd; /* the heap, open; -1 in the test `open` */
    uint32_t argument; /* the test's own, from the table */
    struct verdict verdict;
};

/* An entry of the table in heap_tests.h. */
struct test {
    void (*function)(struct test_run *run);
    const char *id;
    const char *asserts;
    uint32_t argument;
    uint32_t needs; /* bytes held at one time, or PAGES(n) */
    bool maps;      /* needs a CPU mapping */
    bool opens;     /* opens the heap itself */
    uint8_t only;   /* the sources it is about; 0: any */
    uint16_t since; /* SINCE(major, minor): older kernels do not have what it tests */
};
#define SINCE(major, minor) ((major) << 8 | (minor))

/* A size in pages: they are 4 KiB to 64 KiB. Any other size in the table is at least 1 KiB. */
#define PAGES(count) ((uint32_t)(count))
#define ONE_PAGE PAGES(1)

/* tests.c */
extern const struct test heap_tests[];
extern const size_t heap_test_count;
void list_tests(void);

/* Names that the kernel's own drivers have given the heap of the default CMA area (5.6 to 7.3); NULL ends the list.
 * bringup/kernel/data/heap-names.yaml has the same, with their releases. */
extern const char *const default_cma_names[];

/* The plan's limit on memory for buffers; 0: half of what the board can spare. */
void heap_set_budget(uint64_t bytes);

/* Most memory that a test may hold outside CMA; 0: none, or it is not known how much is free. */
uint64_t memory_limit(void);

/* The part of the board's memory that no test takes. */
#define RESERVE (32ull << 20)

/* For the tests with many workers: the seed of their sizes, and how many milliseconds they run (0: a few turns). */
void heap_set_stress(uint64_t seed, uint64_t milliseconds);

void heap_select_none(void);

/* Also selects the heaps that match, by the names in /dev/dma_heap; a name without wildcards is taken as it is.
 * Returns errno of the directory, or 0. */
int heap_select(const char *pattern);
size_t heap_selected(void);
const char *heap_name(size_t index);

/* The plan's budget; 0: none. */
uint64_t heap_budget(void);

/* What is known of a selected heap now. */
struct heap heap_look(size_t index);

bool heap_test_matches(const struct test *test, const char *pattern);

/* Whether the test is about heaps of this kind. */
bool heap_test_applies(const struct test *test, const struct heap *heap);
bool heap_test_known(const char *pattern);

/* A descriptor to allocate from; -1 with errno (ENODEV: ION has no such heap). */
int heap_open(const struct heap *heap);

/* Runs one test in a child, which may crash or hang without harm. */
void heap_run_test(const struct test *test, const struct heap *heap, struct verdict *verdict);

const char *outcome_name(enum outcome outcome);

/* The plan's items. They return what was not started when the time was used up, or NULL. */
void item_heaps(const char *pattern);
const char *item_test(const char *pattern);
const char *item_bench(uint64_t rounds);
const char *item_measure(const uint64_t number[4]);
const char *item_pages(char *const *events);
const char *item_exhaust(uint64_t milliseconds);
const char *item_reads(uint64_t rounds);

/* mark.c: a line in the kernel's log. */
void mark_log(const char *text);

#endif
