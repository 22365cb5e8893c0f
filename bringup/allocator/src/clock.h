/* Time on the board: CLOCK_MONOTONIC, and the plan's time budget. */
#ifndef BRINGUP_CLOCK_H
#define BRINGUP_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

uint64_t now_ns(void);

/* Starts the time budget; 0 milliseconds: none. */
void time_budget_start(uint64_t milliseconds);

/* Whether the time budget is used up. */
bool time_is_up(void);

/* Milliseconds from now to `at` (nanoseconds of now_ns), rounded up, for poll; at least 0. */
int milliseconds_until(uint64_t at);

#endif
