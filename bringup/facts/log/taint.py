"""What has tainted the kernel, bit by bit."""

from __future__ import annotations

from dataclasses import dataclass

from bringup.facts.board import Facts
from bringup.text import parse_number

__all__ = ["COMPLAINTS", "TAINTED", "Taint", "taint"]

TAINTED = "/proc/sys/kernel/tainted"
#: Documentation/admin-guide/tainted-kernels.rst and include/linux/panic.h of Linux 7.3: letter and meaning, by bit.
_BITS = (
    ("P", "a proprietary module was loaded"),
    ("F", "a module was loaded by force"),
    ("S", "the hardware is out of its specification"),
    ("R", "a module was unloaded by force"),
    ("M", "the processor reported a machine check"),
    ("B", "a page was bad, or its flags were unexpected"),
    ("U", "a user program asked for the taint"),
    ("D", "the kernel died of an Oops or a BUG"),
    ("A", "an ACPI table was overridden"),
    ("W", "the kernel issued a warning"),
    ("C", "a staging driver was loaded"),
    ("I", "a bug of the firmware is worked around"),
    ("O", "a module from outside of the kernel's tree was loaded"),
    ("E", "an unsigned module was loaded"),
    ("L", "a soft lockup occurred, or sw_sync was used"),
    ("K", "the kernel was live patched"),
    ("X", "auxiliary, as the distribution defines it"),
    ("T", "built with randomized structures"),
    ("N", "a test of the kernel was run"),
    ("J", "user space used a mutating debug operation of fwctl"),
)
#: Bits that only a complaint in the log sets: bad page, died, warning. Not the soft lockup: whoever makes a fence with
#: sw_sync sets it, too, as our tests do (drivers/dma-buf/sw_sync.c of Linux 7.3).
COMPLAINTS = sum(1 << number for number, (letter, _) in enumerate(_BITS) if letter in "BDW")


@dataclass(frozen=True, slots=True)
class Taint:
    """The taint of the kernel before and after the tests; ``after`` is ``before`` where it was read once."""

    before: int
    after: int

    @property
    def new_complaints(self) -> int:
        """The bits that complaints set while the tests ran."""
        return self.after & ~self.before & COMPLAINTS

    @property
    def shown(self) -> str:
        """Number, letters and meanings."""
        return describe(self.after)


def describe(value: int) -> str:
    """A taint as its number and what each bit means."""
    bits = [f"{letter}: {meaning}" for number, (letter, meaning) in enumerate(_BITS) if value >> number & 1]
    unknown = [f"bit {number}: not known" for number in range(len(_BITS), 64) if value >> number & 1]
    return f"{TAINTED}: {value} ({'; '.join((*bits, *unknown)) or 'not tainted'})"


def taint(facts: Facts) -> Taint | None:
    """The kernel's taint; ``None``: it was not read."""
    values = [entry.text().strip()[:20] for entry in facts.record.readings(TAINTED) if entry.size]
    numbers = [number for number in map(parse_number, values) if number is not None]
    return Taint(numbers[0], numbers[-1]) if numbers else None
