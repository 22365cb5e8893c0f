#include "abi.h"
#include "clock.h"
#include "facts.h"
#include "heap.h"
#include "options.h"
#include "out.h"
#include "plan.h"
#include "sys.h"
#include "text.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

static const char *do_item(const struct item *item)
{
    const char *text = item->texts ? item->text[0] : NULL;
    switch (item->kind) {
    case ITEM_BUDGET:
        return NULL;
    case ITEM_READ:
        fact_file(text, item->number[0]);
        return NULL;
    case ITEM_GLOB:
        fact_glob(text, item->number[0]);
        return NULL;
    case ITEM_FILES:
        fact_files(text, item->number[0], item->number[1]);
        return NULL;
    case ITEM_TREE:
        fact_tree(text, item->number[0], item->number[1], item->number[2]);
        return NULL;
    case ITEM_NODE:
        fact_node(text);
        return NULL;
    case ITEM_RUN:
        fact_run(item->number[0], item->number[1], item->text);
        return NULL;
    case ITEM_DMESG:
        fact_dmesg(item->number[0]);
        return NULL;
    case ITEM_HEAPS:
        item_heaps(text);
        return NULL;
    case ITEM_TEST:
        return item_test(text);
    case ITEM_BENCH:
        return item_bench(item->number[0]);
    }
    return NULL;
}

static const char *do_items(const struct plan *plan)
{
    static char stopped_at[600];
    for (size_t i = 0; i < plan->count; i++) {
        const struct item *item = &plan->items[i];
        if (time_is_up()) {
            format_text(stopped_at, sizeof stopped_at, "%s%s%s", item_keyword(item->kind), item->texts ? " " : "",
                     item->texts ? item->text[0] : "");
            return stopped_at;
        }
        const char *stopped = do_item(item);
        if (stopped)
            return stopped;
    }
    return NULL;
}

static void bye(const char *stopped_at)
{
    uint64_t lines = out_lines();
    out_begin("bye");
    out_unsigned("lines", lines);
    out_string("boot_id", boot_id());
    out_bool("complete", stopped_at == NULL);
    out_string("stopped_at", stopped_at);
    out_end();
}

static int carry_out(const struct plan *plan)
{
    uint64_t budget = plan->budget_bytes, free = 0;
    if (sys_free_memory("", false, &free) && (budget == 0 || budget > free / 2))
        budget = free / 2;
    heap_set_budget(plan->budget_bytes);
    time_budget_start(plan->budget_milliseconds);
    fact_hello(budget);
    bye(do_items(plan));
    return 0;
}

int main(int argc, char **argv)
{
    struct plan plan;
    struct refusal why;
    signal(SIGPIPE, SIG_IGN);
    int status = options(argc, argv);
    if (status >= 0)
        return status;
    return plan_read(STDIN_FILENO, &plan, &why) ? carry_out(&plan) : plan_refuse(&why);
}
