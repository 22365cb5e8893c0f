/* The command line's options. */
#include "options.h"

#include "abi.h"
#include "heap.h"
#include "ktap.h"
#include "out.h"
#include "plan.h"
#include "sys.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXIT_USAGE 2

static const char help_text[] =
    "Tests DMA-BUF heaps.\n"
    "\n"
    "  bringup-alloc --ktap [HEAP]...   run every test on these heaps (default: all), print KTAP\n"
    "  bringup-alloc --list             print the table of tests as JSON lines\n"
    "  bringup-alloc --check-plan       read a plan, print its items, do nothing\n"
    "  bringup-alloc --version\n"
    "  bringup-alloc < PLAN             run a plan, print JSON lines\n"
    "\n"
    "HEAP is a name under /dev/dma_heap, or a pattern such as 'linux,*' or 'ion/*' (ION's). Most boards want root.\n"
    "No test holds more than half of MemFree (CMA heaps: CmaFree), or half of what MemAvailable is above 32 MiB\n"
    "(above a 16th of MemTotal where that is less).\n"
    "Exit status of --ktap: 0 all passed, 1 a test failed or could not be run, 4 no heap.\n";

static int print(const char *text)
{
    out_text(text);
    out_flush();
    return 0;
}

static void print_item(const struct item *item)
{
    out_begin("item");
    out_string("kind", item_keyword(item->kind));
    out_unsigned("line", item->line);
    out_list_begin("texts");
    for (unsigned i = 0; i < item->texts; i++)
        out_string(NULL, item->text[i]);
    out_list_end();
    out_list_begin("numbers");
    for (unsigned i = 0; i < item_numbers(item->kind); i++)
        out_unsigned(NULL, item->number[i]);
    out_list_end();
    out_end();
}

static int check_plan(void)
{
    struct plan plan;
    struct refusal why;
    if (!plan_read(STDIN_FILENO, &plan, &why))
        return plan_refuse(&why);
    for (size_t i = 0; i < plan.count; i++)
        print_item(&plan.items[i]);
    return 0;
}

static int usage(void)
{
    static const char text[] = "bringup-alloc: see --help\n";
    ssize_t done = write(STDERR_FILENO, text, sizeof text - 1);
    (void)done; /* nothing more can be done */
    return EXIT_USAGE;
}

int options(int argc, char **argv)
{
    if (argc < 2)
        return isatty(STDIN_FILENO) ? usage() : -1;
    if (strcmp(argv[1], "--ktap") == 0)
        return ktap(argc - 2, argv + 2);
    if (strcmp(argv[1], "--is-open") == 0 && argc == 3) /* for the program itself, after exec */
        return sys_is_open((int)strtoul(argv[2], NULL, 10)) ? 0 : 1;
    if (argc > 2)
        return usage();
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return print(help_text);
    if (strcmp(argv[1], "--version") == 0)
        return print("bringup-alloc protocol 1 source " BRINGUP_SOURCE " " BRINGUP_ABI "\n");
    if (strcmp(argv[1], "--list") == 0) {
        list_tests();
        return 0;
    }
    return strcmp(argv[1], "--check-plan") == 0 ? check_plan() : usage();
}
