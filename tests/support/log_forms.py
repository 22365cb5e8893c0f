"""The forms in which devices print a line of the kernel's log, each with its text to be filled in."""

from __future__ import annotations

__all__ = ["KERNEL_LINE_FORMS"]

KERNEL_LINE_FORMS = (
    "{text}",
    "[   31.063001] {text}",
    "[   31.063001][ T4001] {text}",
    "[   31.063001] [ T4001] {text}",
    "[   31.063001][    C1] {text}",
    "6,1339,31063001,-;{text}",
    "6,1339,31063001,-,caller=T4001;{text}",
    "4,1339,31063001,c;{text}",
    "<6>[   31.063001] {text}",
    "<14>[   31.063001][ T4001] {text}",
    "kern  :info  : [   31.063001] {text}",
    "[   31.063001] (1)[4001:sh]{text}",
    "<4>[   31.063001]  (1)[4001:sh]{text}",
    "[   31.063001]-(1)[4001:sh]{text}",
    "<6>[   31.063001]<1>.(1)[4001:sh]{text}",
    "<6>[   31.063001]  [1:             sh: 4001] {text}",
    "<6>[   31.063001] I[1:             sh: 4001] {text}",
    "[   31.063001@1] {text}",
    "[   31.063001] [   31.062990]@1 {text}",
    "<6>[   31.063001s][pid:4001,cpu1,sh]{text}",
    "<6>[   31.063001] c1   4001 {text}",
    "<6>[   31.063001] c1 4001 (sh) {text}",
    "[Thu Jan  1 00:00:31 1970] {text}",
    "[   31.063001 <    0.000100>] {text}",
    "[  +0.000100] {text}",
    "1970-01-01T00:00:31,063001+00:00 {text}",
    "Jan  1 00:00:31 board kernel: {text}",
    "Jan  1 00:00:31 kernel: {text}",
    "Jan  1 00:00:31 board kernel: [   31.063001] {text}",
    "kern.warn kernel: [   31.063001] {text}",
    "Thu Jan  1 00:00:31 1970 kern.warn kernel: [   31.063001] {text}",
    "1970-01-01T00:00:31.063001+00:00 board kernel: [   31.063001] {text}",
)
