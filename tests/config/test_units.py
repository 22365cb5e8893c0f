"""Sizes, kernel series and masks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from bringup.config.schema import Alias, Heap, HeapKind
from bringup.config.units import Address, ByteSize, IonHeapMask, in_series, series_key, show_size
from bringup.kernel.history.version import KernelVersion


@given(st.integers(1, (1 << 64) - 1))
def test_a_size_that_is_shown_is_read_back_equal(number: int) -> None:
    assert TypeAdapter(ByteSize).validate_python(show_size(number)) == number


@pytest.mark.parametrize(
    ("text", "number"), [("4 KiB", 4096), ("4KiB", 4096), ("0x10 MiB", 16 << 20), ("7", 7), (7, 7), ("2 TiB", 2 << 40)]
)
def test_sizes(text: object, number: int) -> None:
    assert TypeAdapter(Address).validate_python(text) == number


@pytest.mark.parametrize(
    "text", ["4 KB", "4  KiB", "4.5 MiB", "-1", "", "KiB", "16777216 TiB", True, None, 1.0, 1 << 64]
)
def test_what_is_no_size(text: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Address).validate_python(text)


@pytest.mark.parametrize(
    ("kernel", "first", "last", "inside"),
    [
        ("6.12", "6.12", "6.12", True),
        ("6.12.107+deb13", "6.12", "6.12", True),
        ("6.11.9", "6.12", None, False),
        ("6.13", None, "6.12", False),
        ("5.10", "5.4", None, True),
        ("5.10", None, "5.9", False),
        (None, "6.12", "6.12", True),
        ("6.12", None, None, True),
    ],
)
def test_a_span_of_series_holds_both_its_ends(
    kernel: str | None, first: str | None, last: str | None, inside: bool
) -> None:
    assert in_series(kernel, first, last) is inside


@pytest.mark.parametrize("text", ["", "six", "6", "6.", "linux-6.1"])
def test_what_is_no_series(text: str) -> None:
    with pytest.raises(ValueError, match="does not begin with a kernel version"):
        series_key(text)


RELEASE = st.from_regex(
    r"(v|Linux version |Linux )?[0-9]{1,5}\.[0-9]{1,5}(\.[0-9]{1,5})?([-+~_.][!-~]{0,9})?", fullmatch=True
)


@given(RELEASE)
def test_a_release_of_a_board_has_a_series(release: str) -> None:
    assert series_key(KernelVersion.parse(release).release) == KernelVersion.parse(release).series


def test_a_heaps_names_by_kernel() -> None:
    heap = Heap(
        name="linux,cma", kind=HeapKind.CMA, last="6.16", aliases=(Alias(name="default_cma_region", first="6.17"),)
    )
    assert heap.names_on("6.16.4") == ("linux,cma",)
    assert heap.names_on("6.17") == ("default_cma_region",)
    assert heap.names_on(None) == ("linux,cma", "default_cma_region")


@pytest.mark.parametrize(
    ("value", "mask"),
    [(5, 5), (["ION_HEAP_SYSTEM_MASK"], 1), (["ION_HEAP_SYSTEM_MASK", "ION_HEAP_TYPE_DMA_MASK"], 17), ([], 0)],
)
def test_masks(value: object, mask: int) -> None:
    assert TypeAdapter(IonHeapMask).validate_python(value) == mask


@pytest.mark.parametrize("value", [-1, 1 << 32, True, "1", ["ION_FLAG_CACHED"]])
def test_what_is_no_mask(value: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(IonHeapMask).validate_python(value)
