/* A test build only: the test allocator, told by the rendered C table which heaps to test. */
#include "heap_table.h"

#include <inttypes.h>
#include <stdio.h>

int bringup_alloc_main(int argc, char **argv);

int main(int given, char **options)
{
    const struct bringup_heap_rule *rule;
    char *argv[64] = {"bringup-alloc", "--ktap"};
    int argc = 2;

    if (given > 1) /* some tests start the program again, with options of their own */
        return bringup_alloc_main(given, options);
    for (rule = bringup_heap_rules; rule->heap != NULL; rule++)
        fprintf(stderr, "0x%" PRIx64 " %s\n", rule->all, bringup_heap_for_usage(rule->all));
    for (int i = 0; bringup_heaps[i] != NULL && argc < 63; i++)
        argv[argc++] = (char *)bringup_heaps[i];
    return bringup_alloc_main(argc, argv);
}
