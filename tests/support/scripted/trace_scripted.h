/* What the scripted heap tells the scripted tracing. */
#ifndef BRINGUP_TRACE_SCRIPTED_H
#define BRINGUP_TRACE_SCRIPTED_H

#include <stdbool.h>
#include <stdint.h>

/* A buffer of so many pages was made, or closed. */
void tell_made(bool cma, uint64_t pages);
void tell_closed(bool cma, uint64_t pages);

/* The defect that BRINGUP_FAULT names. */
bool fault(const char *name);

#endif
