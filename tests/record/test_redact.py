"""A redacted record has none of what identifies its unit, and is a record that can be judged and compared."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from bringup.checks.judge import judge
from bringup.compare.runs import compare
from bringup.errors import HostError
from bringup.facts.board import Facts
from bringup.outcome import Outcome
from bringup.record import redact
from bringup.record.journal import JOURNAL
from bringup.record.load import load_record
from bringup.record.redact import Redactor, read_key, redact_document, redact_record
from bringup.report import all_formats, rendered
from bringup.results.run import BoardRun, Run
from bringup.results.verdict import Verdict
from tests.support.scripted_record import BOARD_CONFIG, BOOT_ID, CONFIG, ScriptedBoard, broken, files

SERIAL, IMEI, MAC, IP, BUILDER = (
    "HT8A1B2C3D4",
    "356938035643809",
    "a4:c3:f0:85:ac:2d",
    "192.168.17.23",
    "jane@buildhost17",
)
V6, BLUETOOTH, CPU = "2001:db8:0:1:2:3:4:5", "22:22:33:44:55:66", "00000000deadbeef17"
SECRETS = ("scripted", SERIAL, IMEI, MAC, IP, BUILDER, "buildhost17", V6, BLUETOOTH, CPU, BOOT_ID, "workstation9")
DMESG = (
    f"[ 0.0] Linux version 6.12.107 ({BUILDER}) (gcc)\n[ 1.0] eth0: {MAC}, {IP} {V6}\n[ 2.0] modem: imei {IMEI}\n"
    f"[ 3.0] Kernel command line: androidboot.serialno={SERIAL}\n[ 4.0] usb: SerialNumber: {SERIAL}\n"
)
BOARD = {
    "files": files(dmesg=DMESG, __proc__cmdline=f"androidboot.serialno={SERIAL} x.ethaddr={MAC}\n")
    | {"/proc/version": f"Linux version 6.12.107 ({BUILDER}) #1\n", "/proc/cpuinfo": f"Serial\t\t: {CPU}\n", "/proc/bootconfig": f'androidboot.btmacaddr = "{BLUETOOTH}"\n'},
    "properties": {"ro.serialno": SERIAL, "ro.ril.oem.imei": IMEI, "ro.build.host": "workstation9", "ro.build.version.sdk": "34"},
}  # fmt: skip


def content(folder: Path) -> bytes:
    return b"\n".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_no_secret_of_any_source_is_left(tmp_path: Path) -> None:
    broken(**BOARD).record(tmp_path / "r")
    before = judge(Facts(load_record(tmp_path / "r"), BOARD_CONFIG))
    plain = content(tmp_path / "r")
    assert [secret for secret in SECRETS if secret.encode() not in plain] == []
    redact_record(tmp_path / "r", b"key")
    left = content(tmp_path / "r")
    assert [secret for secret in SECRETS if secret.encode() in left] == []
    record = load_record(tmp_path / "r")
    assert record.incomplete is None
    after = judge(Facts(record, BOARD_CONFIG))
    assert [(one.id, one.heap, one.outcome) for one in after.verdicts] == [
        (one.id, one.heap, one.outcome) for one in before.verdicts
    ]


def test_no_secret_is_in_a_report(tmp_path: Path) -> None:
    board = judge(Facts(broken(**BOARD).record(tmp_path / "r"), BOARD_CONFIG), "scripted")
    run = redact_document(
        Run(boards=(board,), tool="0", started="2026-01-01T00:00:00Z", chosen_by=("--place", "desk-of-alice")), b"key"
    )
    assert run.outcome is board.outcome
    for name in all_formats():
        text = rendered(run, name) if name != "kcidb" else repr(run)  # that one needs an origin
        assert [secret for secret in SECRETS if secret in text] == []


def test_a_coordinators_address_is_redacted_and_seconds_are_not() -> None:
    chosen_by = ("--tag", "desk=alice", "--coordinator", "lab.example:20408", "--reserve", "3600")
    verdict = Verdict("x", "x", Outcome.ERROR, reason="nothing answers at lab.example for 3600 s")
    run = Run(
        boards=(BoardRun(serial="s", place="desk-of-bob", verdicts=(verdict,)),),
        tool="0",
        started="2026-01-01T00:00:00Z",
        chosen_by=chosen_by,
    )
    redacted = redact_document(run, b"key")
    assert redacted.chosen_by[::2] == chosen_by[::2]
    assert redacted.chosen_by[5] == "3600"
    assert "lab.example" not in repr(redacted)
    assert "alice" not in repr(redacted)
    assert "bob" not in repr(redacted)
    assert "for 3600 s" in str(redacted.boards[0].verdicts[0].reason)
    virtual = redact_document(
        Run(boards=(), tool="0", started="2026-01-01T00:00:00Z", chosen_by=("--virtual", "amd64")), b"key"
    )
    assert virtual.chosen_by == ("--virtual", "amd64")


def test_what_was_redacted_with_one_key_can_be_compared(tmp_path: Path) -> None:
    serials = set()
    for name, key in (("a", b"key"), ("b", b"key"), ("c", b"another")):
        ScriptedBoard().record(tmp_path / name)
        redact_record(tmp_path / name, key)
        serials.add(load_record(tmp_path / name).board.serial)
    assert len(serials) == 2


def test_a_record_that_was_cut_stays_one(tmp_path: Path) -> None:
    ScriptedBoard().record(tmp_path / "r")
    journal = tmp_path / "r" / JOURNAL
    journal.write_bytes(journal.read_bytes()[:-20])
    redact_record(tmp_path / "r", b"key")
    assert load_record(tmp_path / "r").incomplete is not None


@pytest.mark.parametrize(
    "text", ["6.12.107", "[   12.345678] x", "0x7c000000-0x7fffffff", "CONFIG_CMA=y", "root", "10:20:30", CONFIG]
)
def test_what_identifies_nobody_stays(text: str) -> None:
    redactor = Redactor(b"key")
    redactor.add("root", "abc")
    assert redactor.text(text) == text


def test_the_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    key = read_key(tmp_path / "config")
    assert read_key(tmp_path / "config") == key
    assert len(key) == 64
    assert (tmp_path / "config" / "redact.key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("files_of_board", "properties", "secret", "is_redacted"),
    [
        ({}, {"ro.boot.serialno": "QX77ZZ"}, "QX77ZZ", True),
        ({}, {"ro.build.user": "alice-smith"}, "alice-smith", True),
        ({}, {"ro.build.user.note": "QX77ZZ"}, "QX77ZZ", False),
        ({}, {"net.hostname": "pixel-of-bob"}, "pixel-of-bob", True),
        ({}, {"ro.product.model": "Model QX77"}, "Model QX77", False),
        ({}, {"ro.serialno": "abc"}, "abc", False),  # too short: it would be found in other words
        ({}, {"ro.serialno": "Unknown"}, "Unknown", False),
        ({"/proc/cmdline": "quiet board.serialno=QX77ZZ ro\n"}, {}, "QX77ZZ", True),
        ({"/proc/cmdline": "quiet x.ethaddr=QX77ZZ\n"}, {}, "QX77ZZ", True),
        ({"/proc/cmdline": "quiet console=ttyQX77ZZ\n"}, {}, "ttyQX77ZZ", False),
        ({"/proc/cmdline": "serial:QX77ZZ\n"}, {}, "QX77ZZ", True),
        ({"/proc/bootconfig": 'androidboot.wifimacaddr = "QX77ZZ:1"\n'}, {}, "QX77ZZ:1", True),
        ({"/proc/bootconfig": 'androidboot.hardware = "QX77ZZ"\n'}, {}, "QX77ZZ", False),
        ({"/proc/cpuinfo": "Hardware : BCM\nSerial : QX77ZZ\n"}, {}, "QX77ZZ", True),
        ({"/proc/cpuinfo": "Serial\n"}, {}, "Serial", False),
    ],
)  # fmt: skip
def test_what_names_a_unit_or_a_person_is_found_by_its_name(
    tmp_path: Path, files_of_board: dict[str, str], properties: dict[str, str], secret: str, is_redacted: bool
) -> None:
    """Wherever it stands, also where nothing names it."""
    said = {"dmesg": f"[ 1.0] the value is '{secret}'\n"}
    broken(files=files() | files_of_board | said, properties=properties).record(tmp_path / "r")
    redact_record(tmp_path / "r", b"key")
    dmesg = load_record(tmp_path / "r").file("dmesg")
    assert dmesg is not None
    assert (f"'{secret}'" not in dmesg.text()) == is_redacted
    assert ("'redacted-" in dmesg.text()) == is_redacted


def test_a_longer_identifier_is_not_cut_by_a_shorter_one() -> None:
    redactor = Redactor(b"key")
    redactor.add("ABCD", "ABCD1234")
    whole, short = redactor.text("ABCD1234"), redactor.text("ABCD")
    assert whole != f"{short}1234"
    assert redactor.text(f"{whole} {short}") == f"{whole} {short}"
    assert len(short) == len("redacted-") + 8


def test_names_of_files_and_fields_stay() -> None:
    redactor = Redactor(b"key")
    redactor.add("secret")
    line = {"t": "secret", "stored": "secret", "secret": ["secret", 5, {"sha256": "secret", "path": "secret"}]}
    token = redactor.text("secret")
    kept = {"t": "secret", "stored": "secret", "secret": [token, 5, {"sha256": "secret", "path": token}]}
    assert redactor.value(line) == kept


def test_a_comparison_has_no_serial(tmp_path: Path) -> None:
    def run(*serials: str) -> Run:
        boards = tuple(BoardRun(serial=serial, verdicts=()) for serial in serials)
        return Run(boards=boards, tool="0", started="2026-01-01T00:00:00Z")

    comparison = compare(run("BOTH-ONE", "OLD-ONE"), run("BOTH-ONE", "NEW-ONE"))
    assert all(serial in repr(comparison) for serial in ("BOTH-ONE", "OLD-ONE", "NEW-ONE"))
    redacted = repr(redact_document(comparison, b"key"))
    assert not any(serial in redacted for serial in ("BOTH-ONE", "OLD-ONE", "NEW-ONE"))


def test_a_board_by_network_is_known_by_its_host(tmp_path: Path) -> None:
    verdict = Verdict("x", "x", Outcome.ERROR, reason="board-of-alice does not answer")
    run = Run(
        boards=(BoardRun(serial="board-of-alice:5555", verdicts=(verdict,)),), tool="0", started="2026-01-01T00:00:00Z"
    )
    assert "alice" not in repr(redact_document(run, b"key"))


@pytest.mark.parametrize(
    ("path", "make", "seen"),
    [
        ("config/redact.key", Path.mkdir, "Is a directory"),
        ("config", Path.touch, "{folder} is not a folder"),
        ("config/redact.key", Path.touch, "it is empty"),
    ],
)
def test_a_key_that_cannot_be_kept_is_an_error_of_the_host(
    tmp_path: Path, path: str, make: Callable[[Path], None], seen: str
) -> None:
    folder = tmp_path / "config"
    (tmp_path / path).parent.mkdir(exist_ok=True)
    make(tmp_path / path)
    with pytest.raises(HostError) as error:
        read_key(folder)
    assert error.value.seen == seen.format(folder=folder)
    assert error.value.action == f"read the key of this host, {folder / 'redact.key'}"
    assert "-o" not in error.value.hint


@pytest.mark.parametrize("place", ["write_file", "open_input"])
def test_a_record_that_cannot_be_redacted_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    ScriptedBoard().record(tmp_path / "r")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(redact, place, full)
    with pytest.raises(HostError, match="No space left on device") as error:
        redact_record(tmp_path / "r", b"key")
    assert error.value.action == f"redact the record {tmp_path / 'r'}"


@pytest.mark.parametrize(
    ("path", "line", "secret"),
    [
        ("/proc/cmdline", "quiet androidboot.serialno=ab:cd=ef", "ab:cd=ef"),
        ("/proc/cpuinfo", "Serial\t\t: 12ab:34cd", "12ab:34cd"),
        ("/proc/bootconfig", 'androidboot.serialno = "12ab=34cd"', "12ab=34cd"),
    ],
)
def test_a_value_is_all_that_follows_its_name(tmp_path: Path, path: str, line: str, secret: str) -> None:
    board = broken(files=files(**{path.replace("/", "__"): f"{line}\n", "__proc__version": f"of {secret}\n"}))
    board.record(tmp_path / "r")
    redact_record(tmp_path / "r", b"key")
    said = load_record(tmp_path / "r").file("/proc/version")
    assert said is not None
    assert re.fullmatch(r"of redacted-[0-9a-f]{8}\n", said.text())
