"""Android's requirement files, as they are. The real kernel/configs are looked at in test_real_configs.py."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bringup.errors import ConfigError
from bringup.kernel.history.version import KernelVersion, VersionRange
from bringup.kernel.kconfig.dotconfig import KernelConfig
from bringup.kernel.requirements.judge import judge
from bringup.kernel.requirements.reading.vintf import load_vintf, vintf_requirements
from bringup.kernel.requirements.verdict import Severity
from bringup.outcome import Outcome

MATRIX = b"""\
<?xml version="1.0" encoding="UTF-8"?>
<compatibility-matrix version="7.0" type="framework" level="8">
    <!-- a comment -->
    <kernel version="6.1.57">
        <config>
            <key>CONFIG_DMABUF_HEAPS</key>
            <value type="tristate">y</value>
        </config>
        <config>
            <key>CONFIG_DEVMEM</key>
            <value type="tristate">n</value>
        </config>
        <config>
            <key>CONFIG_CMDLINE</key>
            <value type="string">quiet</value>
        </config>
        <config>
            <key>CONFIG_HZ</key>
            <value type="int">0xfa</value>
        </config>
        <config>
            <key>CONFIG_CMA_AREAS</key>
            <value type="range">8-64</value>
        </config>
    </kernel>
    <kernel version="6.1.57">
        <conditions>
            <config>
                <key>CONFIG_ARM64</key>
                <value type="tristate">y</value>
            </config>
        </conditions>
        <config>
            <key>CONFIG_ARM64_PAN</key>
            <value type="tristate">y</value>
        </config>
    </kernel>
    <kernel version="5.15.137">
        <config>
            <key>CONFIG_OLD</key>
            <value type="tristate">y</value>
        </config>
    </kernel>
</compatibility-matrix>
"""

CONDITIONAL = b"""\
<kernel minlts="6.6.0" />

<group>
\t<conditions>
\t\t<config>
\t\t\t<key>CONFIG_X86</key>
\t\t\t<value type="bool">y</value>
\t\t</config>
\t</conditions>
\t<config>
\t\t<key>CONFIG_KFENCE</key>
\t\t<value type="bool">y</value>
\t</config>
</group>
"""

GOOD = {"DMABUF_HEAPS": "y", "CMDLINE": '"quiet"', "HZ": "250", "CMA_AREAS": "8", "ARM64": "y", "ARM64_PAN": "y"}


def outcomes(values: dict[str, str], raw: bytes = MATRIX, release: str = "6.1.75") -> dict[str, Outcome]:
    found = vintf_requirements(raw, "matrix.xml")
    return {
        one.id: one.outcome
        for one in judge(KernelConfig(values, "x"), KernelVersion.parse(release), requirements=found)
    }


def test_all_of_a_matrix_holds() -> None:
    found = outcomes(GOOD)
    assert found.pop("vintf.old") is Outcome.SKIP
    assert set(found.values()) == {Outcome.PASS}
    assert len(found) == 6


def test_each_requirement_says_where_it_is_written() -> None:
    found = {one.id: one for one in vintf_requirements(MATRIX, "matrix.xml")}
    assert found["vintf.devmem"].sources == ("matrix.xml:9",)
    assert found["vintf.devmem"].origin == "matrix.xml:9"
    assert found["vintf.cma-areas"].title == "Android asks for CONFIG_CMA_AREAS=8..64"
    assert str(found["vintf.arm64-pan"].when) == "CONFIG_ARM64=y"
    (line,) = vintf_requirements(b"# a comment\nCONFIG_HZ=250\n", "a.config", required=False)
    assert (line.sources, line.severity, str(line.need)) == (("a.config:2",), Severity.RECOMMENDED, "CONFIG_HZ=250")


@pytest.mark.parametrize(("value", "holds"), [("0", True), ("0x0", True), ("1", False), ("-1", False)])
def test_a_number_may_be_0(value: str, holds: bool) -> None:
    zero = MATRIX.replace(b"0xfa", b"0")
    assert (outcomes({**GOOD, "HZ": value}, zero)["vintf.hz"] is Outcome.PASS) is holds


@pytest.mark.parametrize(
    ("symbol", "value", "requirement"),
    [
        ("DMABUF_HEAPS", "m", "vintf.dmabuf-heaps"),
        ("DEVMEM", "y", "vintf.devmem"),
        ("CMDLINE", '"loud"', "vintf.cmdline"),
        ("HZ", "300", "vintf.hz"),
        ("CMA_AREAS", "7", "vintf.cma-areas"),
        ("CMA_AREAS", "65", "vintf.cma-areas"),
        ("ARM64_PAN", "n", "vintf.arm64-pan"),
    ],
)
def test_each_kind_of_value_can_fail(symbol: str, value: str, requirement: str) -> None:
    found = outcomes({**GOOD, symbol: value})
    assert [name for name, outcome in found.items() if outcome is Outcome.FAIL] == [requirement]


def test_not_mentioned_is_n() -> None:
    assert outcomes({**GOOD, "DEVMEM": "n"})["vintf.devmem"] is Outcome.PASS
    assert outcomes(GOOD)["vintf.devmem"] is Outcome.PASS


def test_a_condition_that_does_not_hold_asks_for_nothing() -> None:
    found = outcomes({name: value for name, value in GOOD.items() if not name.startswith("ARM64")})
    assert found["vintf.arm64-pan"] is Outcome.SKIP


def test_kernels_of_other_branches_are_asked_for_theirs() -> None:
    found = outcomes({"OLD": "y"}, release="5.15.150")
    assert [name for name, outcome in found.items() if outcome is not Outcome.SKIP] == ["vintf.old"]


def test_conditional_requirements_of_kernel_configs() -> None:
    assert outcomes({"X86": "y", "KFENCE": "n"}, CONDITIONAL, "6.6.30")["vintf.kfence"] is Outcome.FAIL
    assert outcomes({"X86": "y", "KFENCE": "n"}, CONDITIONAL, "6.1.30")["vintf.kfence"] is Outcome.SKIP
    assert outcomes({"ARM64": "y"}, CONDITIONAL, "6.6.30")["vintf.kfence"] is Outcome.SKIP


def test_a_fragment_below_its_branch(tmp_path: Path) -> None:
    folder = tmp_path / "v" / "android-6.6"
    folder.mkdir(parents=True)
    base = folder / "android-base.config"
    base.write_text("#  KEEP ALPHABETICALLY SORTED\n# CONFIG_DEVMEM is not set\nCONFIG_SYNC_FILE=y\n")
    devmem, sync = load_vintf(base)
    assert (devmem.kernel, devmem.severity) == (VersionRange.parse("6.6"), Severity.REQUIRED)
    assert sync.sources == (f"{base}:3",)
    recommended = folder / "android-recommended.config"
    recommended.write_text("CONFIG_ION=y\n")
    assert load_vintf(recommended)[0].severity is Severity.RECOMMENDED


def test_a_file_that_asks_for_nothing_is_no_error(tmp_path: Path) -> None:
    empty = tmp_path / "non_debuggable.config"
    empty.write_text("#  KEEP ALPHABETICALLY SORTED\n")
    assert load_vintf(empty) == ()
    assert vintf_requirements(b'<kernel minlts="4.4.107" />', "x") == ()


@pytest.mark.parametrize(
    ("raw", "line", "seen"),
    [
        (b"not xml", 1, "neither CONFIG_NAME=value nor a comment"),
        (b"<compatibility-matrix>\n<kernel>", 2, "not XML"),
        (b"<a>\n</b>", 2, "not XML: mismatched tag"),
        (b"<manifest/>", None, "<manifest> is no VINTF kernel requirement"),
        (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', None, "DOCTYPE or entities"),
        (b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', None, "DOCTYPE or entities"),
        (b"<a>&undefined;</a>", 1, "not XML: undefined entity"),
        (MATRIX.replace(b">n<", b">maybe<"), 11, "'maybe' is no value of type 'tristate'"),
        (MATRIX.replace(b"8-64", b"64"), 23, "'64' is no value of type 'range'"),
        (MATRIX.replace(b"CONFIG_HZ", b"HZ"), 17, "<key>CONFIG_"),
        (MATRIX.replace(b"<key>CONFIG_HZ</key>", b""), 17, "a <config> needs <key>CONFIG_"),
        (MATRIX.replace(b'<value type="int">0xfa</value>', b""), 17, "a <config> needs <key>CONFIG_"),
        (MATRIX.replace(b'"6.1.57"', b'"six"'), 4, "'six' is none"),
        (b"<a>" * 200 + b"</a>" * 200, 1, "nested too deeply"),
        ("<a/>".encode("utf-16"), None, ""),
        (b"", None, None),
    ],
)  # fmt: skip
def test_what_is_wrong_is_reported_with_its_place(raw: bytes, line: int | None, seen: str | None) -> None:
    if seen is None:
        assert vintf_requirements(raw, "matrix.xml") == ()
        return
    with pytest.raises(ConfigError) as error:
        vintf_requirements(raw, "matrix.xml")
    assert seen in error.value.seen
    assert str(error.value).startswith("matrix.xml")
    if line is not None:
        assert error.value.line == line


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load_vintf(tmp_path / "none.xml")


@pytest.mark.parametrize("encoding", [b"ATF-8", b"utf-7", b"big5", b"rot13"])
def test_an_encoding_that_is_not_read_is_refused(encoding: bytes) -> None:
    with pytest.raises(ConfigError, match=r"matrix\.xml.*encoding"):
        vintf_requirements(b'<?xml version="1.0" encoding="%s"?><compatibility-matrix/>' % encoding, "matrix.xml")


@given(st.binary(max_size=200), st.integers(0, len(MATRIX) - 1))
def test_any_damage_is_read_or_refused(patch: bytes, at: int) -> None:
    with contextlib.suppress(ConfigError):
        vintf_requirements(MATRIX[:at] + patch + MATRIX[at + len(patch) :], "matrix.xml")
