/* The table of tests, made from heap_tests.h, and how --list prints it. */
#include "heap_test.h"
#include "out.h"
#include "uapi.h"

#include <fcntl.h>

#define TEST(function, ...) {function, __VA_ARGS__},
const struct test heap_tests[] = {
#include "heap_tests.h"
};
#undef TEST
const size_t heap_test_count = sizeof heap_tests / sizeof heap_tests[0];

static void list_sources(const struct test *test)
{
    static const struct {
        enum source source;
        const char *name;
    } sources[] = {{SOURCE_NODE, "node"}, {SOURCE_ION, "ion"}, {SOURCE_LEGACY_ION, "legacy_ion"}};
    out_list_begin("only");
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++)
        if (test->only & sources[i].source)
            out_string(NULL, sources[i].name);
    out_list_end();
}

void list_tests(void)
{
    for (size_t i = 0; i < heap_test_count; i++) {
        const struct test *test = &heap_tests[i];
        out_begin("test");
        out_string("id", test->id);
        out_string("asserts", test->asserts);
        list_sources(test);
        out_unsigned("pages", test->needs < KIB ? test->needs : 0);
        out_unsigned("bytes", test->needs < KIB ? 0 : test->needs);
        out_bool("maps", test->maps);
        out_bool("opens", test->opens);
        out_list_begin("since");
        if (test->since) {
            out_unsigned(NULL, test->since >> 8);
            out_unsigned(NULL, test->since & 0xff);
        }
        out_list_end();
        out_end();
    }
    out_flush();
}
