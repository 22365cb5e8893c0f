/* errno values by name, and what they mean for a path. */
#ifndef BRINGUP_ERRNOS_H
#define BRINGUP_ERRNOS_H

/* `EINVAL`, or `errno 123` for one without a name here. Valid until the next call but three. */
const char *errno_name(int code);

/* `ok`, `missing`, `denied` or `failed`: the protocol's `state` of a path; and both fields of a line, it and `errno`. */
const char *state_of(int code);
void out_state(int code);

#endif
