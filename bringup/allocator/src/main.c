/* Runs the plan, item by item. */
#include "abi.h"
#include "clock.h"
#include "facts.h"
#include "heap.h"
#include "ion.h"
#include "options.h"
#include "out.h"
#include "plan.h"
#include "text.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* An item as `bye` names it. */
static const char *name_of(const struct item *item)
{
    static char name[600];
    const char *text = item->texts ? item->text[0] : "";
    format_text(name, sizeof name, "%s%s%s", item_keyword(item->kind), *text ? " " : "", text);
    return name;
}

/* Where the time ended it, or NULL. */
static const char *do_item(const struct item *item)
{
    const char *text = item->texts ? item->text[0] : NULL;
    const uint64_t *number = item->number;
    bool finished = true;
    switch (item->kind) {
    case ITEM_BUDGET:
        break;
    case ITEM_READ:
        fact_file(text, number[0]);
        break;
    case ITEM_GLOB:
        finished = fact_glob(text, number[0]);
        break;
    case ITEM_FILES:
        finished = fact_files(text, number[0], number[1]);
        break;
    case ITEM_TREE:
        finished = fact_tree(text, number[0], number[1], number[2]);
        break;
    case ITEM_NODE:
        fact_node(text);
        break;
    case ITEM_RUN:
        fact_run(number[0], number[1], item->text);
        break;
    case ITEM_DMESG:
        fact_dmesg(number[0]);
        break;
    case ITEM_HOLDERS:
        fact_holders(number[0], number[1], number[2], item->text);
        break;
    case ITEM_HEAPS:
        heap_select_none();
        for (char **pattern = item->text; *pattern; pattern++)
            item_heaps(*pattern);
        break;
    case ITEM_ION:
        item_ion();
        break;
    case ITEM_READS:
        return item_reads(number[0]);
    case ITEM_STRESS:
        heap_set_stress(number[0], number[1]);
        break;
    case ITEM_MARK:
        mark_log(text);
        break;
    case ITEM_TEST:
        return item_test(text);
    case ITEM_BENCH:
        return item_bench(number[0]);
    case ITEM_MEASURE:
        return item_measure(number);
    case ITEM_PAGES:
        return item_pages(item->text);
    case ITEM_EXHAUST:
        return item_exhaust(number[0]);
    }
    return finished ? NULL : name_of(item);
}

static const char *do_items(const struct plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        const char *stopped_at = time_is_up() ? name_of(&plan->items[i]) : do_item(&plan->items[i]);
        if (stopped_at)
            return stopped_at;
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
    heap_set_budget(plan->budget_bytes);
    time_budget_start(plan->budget_milliseconds);
    fact_hello(memory_limit());
    out_flush();
    bye(do_items(plan));
    return 0;
}

/* Should memory run out in spite of the limits, the kernel kills this program first. */
static void be_killed_first(void)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    ssize_t done = fd < 0 ? 0 : write(fd, "1000", 4);
    (void)done; /* without /proc: nothing can be done */
    if (fd >= 0)
        close(fd);
}

int main(int argc, char **argv)
{
    struct plan plan;
    struct refusal why;
    signal(SIGPIPE, SIG_IGN);
    be_killed_first();
    int status = options(argc, argv);
    if (status < 0)
        status = plan_read(STDIN_FILENO, &plan, &why) ? carry_out(&plan) : plan_refuse(&why);
    out_flush();
    return status;
}
