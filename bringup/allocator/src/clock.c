/* Time on the board: CLOCK_MONOTONIC, and the plan's time budget. */
#include "clock.h"

#include <time.h>

static uint64_t ends_at;

uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void time_budget_start(uint64_t milliseconds)
{
    ends_at = milliseconds ? now_ns() + milliseconds * 1000000u : 0;
}

bool time_is_up(void)
{
    return ends_at != 0 && now_ns() >= ends_at;
}

int milliseconds_until(uint64_t at)
{
    uint64_t now = now_ns();
    return at <= now ? 0 : (int)((at - now + 999999u) / 1000000u);
}
