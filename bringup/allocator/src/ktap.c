/* KTAP for somebody who runs the program by hand on a board. */
#include "ktap.h"

#include "errnos.h"
#include "heap.h"
#include "out.h"
#include "text.h"

#define EXIT_SKIPPED 4

/* `#` begins a directive in KTAP; what is not printable would break a terminal. */
static void put_description(const char *text)
{
    for (; *text; text++) {
        char one[3] = {*text, 0, 0};
        if (*text == '#' || *text == '\\') {
            one[0] = '\\';
            one[1] = *text;
        } else if (*text < 0x20 || *text > 0x7e) {
            one[0] = '?';
        }
        out_text(one);
    }
}

static void put_number(size_t number)
{
    char text[24];
    format_text(text, sizeof text, "%llu", (unsigned long long)number);
    out_text(text);
}

static void put_plan(const char *indent, size_t count)
{
    out_text(indent);
    out_text("1..");
    put_number(count);
    out_text("\n");
}

static void put_result(const char *indent, bool good, size_t number, const char *name)
{
    out_text(indent);
    out_text(good ? "ok " : "not ok ");
    put_number(number);
    out_text(" ");
    put_description(name);
}

static bool bad(enum outcome outcome)
{
    return outcome == OUTCOME_FAIL || outcome == OUTCOME_ERROR;
}

static void put_test(size_t number, const struct test *test, const struct verdict *verdict)
{
    if (bad(verdict->outcome) || verdict->outcome == OUTCOME_WARN) {
        out_text("    # ");
        put_description(outcome_name(verdict->outcome));
        out_text(": ");
        put_description(verdict->seen);
        out_text("\n");
    }
    if (verdict->outcome == OUTCOME_WARN)
        out_text("    # a defect of many kernels; where the kernel has the fix, this is a failure: bringup knows the releases\n");
    if (verdict->seed) {
        out_text("    # seed ");
        put_number((size_t)verdict->seed);
        out_text("\n");
    }
    put_result("    ", !bad(verdict->outcome), number, test->id);
    if (verdict->outcome == OUTCOME_SKIP) {
        out_text(" # SKIP ");
        put_description(verdict->seen);
    }
    out_text("\n");
    out_flush();
}

static bool run_heap(size_t index)
{
    bool good = true;
    struct heap first = heap_look(index);
    size_t count = 0, number = 0;
    for (size_t i = 0; i < heap_test_count; i++)
        count += heap_test_applies(&heap_tests[i], &first);
    out_text("    KTAP version 1\n    # Subtest: ");
    put_description(heap_name(index));
    out_text("\n");
    put_plan("    ", count);
    if (first.source == SOURCE_LEGACY_ION)
        out_text("    # ION before 4.12: these tests were never run on hardware\n");
    out_flush();
    for (size_t i = 0; i < heap_test_count; i++) {
        struct verdict verdict;
        if (!heap_test_applies(&heap_tests[i], &first))
            continue;
        struct heap heap = heap_look(index);
        heap_run_test(&heap_tests[i], &heap, &verdict);
        put_test(++number, &heap_tests[i], &verdict);
        good = good && !bad(verdict.outcome);
    }
    put_result("", good, index + 1, heap_name(index));
    out_text("\n");
    out_flush();
    return good;
}

static int no_heaps(int error)
{
    out_text("1..0 # SKIP ");
    out_text(error ? "/dev/dma_heap cannot be listed: " : "no heap of that name");
    out_text(error ? errno_name(error) : "");
    out_text("\n");
    out_flush();
    return EXIT_SKIPPED;
}

int ktap(int patterns, char **pattern)
{
    bool good = true;
    int error = 0;
    heap_select_none();
    if (patterns == 0) {
        error = heap_select("*");
        heap_select("ion/*"); /* most boards have none */
    }
    for (int i = 0; i < patterns && !error; i++)
        error = heap_select(pattern[i]);
    out_text("KTAP version 1\n");
    if (heap_selected() == 0)
        return no_heaps(error);
    put_plan("", heap_selected());
    for (size_t i = 0; i < heap_selected(); i++)
        good = run_heap(i) && good;
    return good ? 0 : 1;
}
