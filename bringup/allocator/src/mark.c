/* Marks in the kernel's log: what is logged between two of them was logged while the items between them ran. */
#include "clock.h"
#include "heap.h"
#include "sys.h"
#include "text.h"

/* With the time of the results' clock, in microseconds: the log's own clock is another. */
void mark_log(const char *text)
{
    char line[512];
    format_text(line, sizeof line, "<6>%s at %llu\n", text, (unsigned long long)(now_ns() / 1000u));
    sys_log(line);
}
