"""Kernel versions: what uname -r says, compared and put into ranges."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bringup.errors import UsageError
from bringup.kernel.history.version import ANY_VERSION, Flavour, KernelVersion, VersionRange


@pytest.mark.parametrize(
    ("text", "numbers", "flavour"),
    [
        ("6.12.107+deb13-cloud-amd64", (6, 12, 107), None),
        ("5.10.223", (5, 10, 223), None),
        ("7.3-rc2", (7, 3, 0), None),
        ("v6.1", (6, 1, 0), None),
        ("6.1.75-android14-11-g0123456789ab-ab1234", (6, 1, 75), Flavour.GKI),
        ("5.4.289-qgki-g0123", (5, 4, 289), None),
        ("6.6.30-android15-8-maybe-dirty-4k", (6, 6, 30), Flavour.GKI),
        ("Linux version 4.19.113", (4, 19, 113), None),
    ],
)
def test_what_boards_say_is_read(text: str, numbers: tuple[int, int, int], flavour: Flavour | None) -> None:
    version = KernelVersion.parse(text)
    assert (version.major, version.minor, version.patch) == numbers
    assert version.flavour is flavour


def test_an_android_release_is_read() -> None:
    version = KernelVersion.parse("6.1.75-android14-11-gabc")
    assert version.android == 14
    assert KernelVersion.parse("6.12.23-androidish").android is None


def test_a_release_candidate_is_recognised() -> None:
    assert KernelVersion.parse("6.19.0-rc3").candidate == 3
    assert KernelVersion.parse("6.19.0").candidate is None


@pytest.mark.parametrize("text", ["", "6", "six.one", "6.1 7.2", "6.1.2.3.4x\x1b[0m\n6", "-6.1", "99999999.1"])
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        KernelVersion.parse(text)


def test_order_is_by_number_not_by_text() -> None:
    names = ["6.9.1", "6.12", "5.10.223", "7.0-rc1", "6.12.107+deb13"]
    assert [str(version) for version in sorted(map(KernelVersion.parse, names))] == [
        "5.10.223",
        "6.9.1",
        "6.12",
        "6.12.107+deb13",
        "7.0-rc1",
    ]


@pytest.mark.parametrize(
    ("written", "inside", "outside"),
    [
        ("5.6..6.16", ["5.6", "6.16.12", "6.1"], ["5.5.19", "6.17-rc1"]),
        ("6.17..", ["6.17", "7.3.4"], ["6.16.12"]),
        ("..5.10", ["4.4", "5.10.223"], ["5.11"]),
        ("6.12", ["6.12", "6.12.107"], ["6.11", "6.13"]),
        ("..", ["2.6", "9.9"], []),
    ],
)
def test_point_releases_belong_to_their_series(written: str, inside: list[str], outside: list[str]) -> None:
    span = VersionRange.parse(written)
    assert str(span) == written
    assert all(KernelVersion.parse(text) in span for text in inside)
    assert not any(KernelVersion.parse(text) in span for text in outside)


@pytest.mark.parametrize("written", ["6.12..6.1", "a..b", "6..7", ""])
def test_a_wrong_range_is_refused(written: str) -> None:
    with pytest.raises(UsageError):
        VersionRange.parse(written)


def test_the_open_range_holds_everything() -> None:
    assert VersionRange.parse("..") == ANY_VERSION


def test_a_flavour_by_name() -> None:
    assert Flavour.named("gki") is Flavour.GKI
    with pytest.raises(UsageError, match="none"):
        Flavour.named("ubuntu")


@given(st.integers(0, 99), st.integers(0, 99), st.integers(0, 999))
def test_numbers_survive(major: int, minor: int, patch: int) -> None:
    version = KernelVersion.parse(f"{major}.{minor}.{patch}-g0")
    assert (version.major, version.minor, version.patch) == (major, minor, patch)


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        version = KernelVersion.parse(text)
    except UsageError:
        return
    assert str(version) == text.strip()


def test_every_comparison_goes_by_the_numbers() -> None:
    older, newer = KernelVersion.parse("6.12.9-rc1"), KernelVersion.parse("6.12.10")
    assert older < newer
    assert older <= newer
    assert newer > older
    assert newer >= older
    assert KernelVersion.parse("6.12.9") <= older <= KernelVersion.parse("v6.12.9")
    assert not newer <= older
