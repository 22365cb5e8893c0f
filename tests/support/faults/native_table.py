"""The faults that are produced on native adbd, and behind a real adb server: data, each with what produces it."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bringup.board import connect_tcp, disconnect_tcp
from bringup.deadline import Deadline
from bringup.errors import BringupError
from bringup.report.load import load_run
from tests.support.faults.case import ALL_PHASES, OBSERVING, Ending, Fault, Phase, Where, each, nothing
from tests.support.faults.invariants import outcomes_of
from tests.support.faults.process import SECONDS
from tests.support.faults.relay import Relay, StubServer
from tests.support.faults.stage import Stage
from tests.support.stub_adbd import StubAdbd

__all__ = ["NATIVE"]

Strike = Callable[[Stage], None]
CONNECT, PUSH, OBSERVE, RECORD, JUDGE, REPORT = ALL_PHASES
HELD = (PUSH, OBSERVE, RECORD)


def adbd(number: signal.Signals) -> Strike:
    return lambda stage: stage.board.native.signal_adbd(number)


def own(number: signal.Signals) -> Strike:
    """A signal to bringup. While it connects: when the adb server has been asked and has not answered."""

    def strike(stage: Stage) -> None:
        if stage.phase is not CONNECT:
            stage.signal(number)
            return
        asked, over = threading.Event(), threading.Event()

        def held(data: bytes) -> bytes:
            asked.set()
            over.wait(SECONDS)
            return data

        server = stage.server.address
        relay = Relay(("127.0.0.1", server.port), answer=held)
        stage.cleanups += [relay.close, over.set]
        stage.environ["ANDROID_ADB_SERVER_PORT"] = str(relay.port)
        stage.process = stage.start()
        assert asked.wait(SECONDS)
        stage.signal(number)

    return strike


def through(stage: Stage, relay: Relay) -> None:
    """The board is reached by way of the relay, under another serial."""
    stage.serial = connect_tcp(stage.server.transport, f"127.0.0.1:{relay.port}", Deadline.after(SECONDS))
    stage.cleanups += [relay.close, lambda: gone(stage, f"127.0.0.1:{relay.port}")]


def gone(stage: Stage, serial: str) -> None:
    with contextlib.suppress(BringupError):
        disconnect_tcp(stage.server.transport, serial, Deadline.after(SECONDS))


def relay_to(stage: Stage, delay: float = 0.0) -> Relay:
    return Relay((stage.board.native.address, 5555), delay=delay)


def server_says(change: tuple[bytes, bytes]) -> Strike:
    """The adb server's version is another."""

    def strike(stage: Stage) -> None:
        before, after = change

        def changed(data: bytes) -> bytes:
            return after if data == before else data.replace(b"0004" + before, b"0004" + after)

        relay = Relay(("127.0.0.1", stage.server.address.port), answer=changed)
        stage.cleanups.append(relay.close)
        stage.environ["ANDROID_ADB_SERVER_PORT"] = str(relay.port)

    return strike


def listed_as(state: str) -> Strike:
    def strike(stage: Stage) -> None:
        stub = StubServer(f"{stage.serial}\t{state} usb:1-1 transport_id:1\n")
        stage.cleanups.append(stub.close)
        stage.environ["ANDROID_ADB_SERVER_PORT"] = str(stub.port)

    return strike


def kill_server(stage: Stage) -> None:
    import adbutils

    stage.server.kill()
    port = str(stage.server.address.port)  # bringup may start another there
    command = [adbutils.adb_path(), "-P", port, "kill-server"]
    stage.cleanups.append(lambda: subprocess.run(command, check=False, capture_output=True))


def stub(*, unauthorized: bool) -> Strike:
    def strike(stage: Stage) -> None:
        board = StubAdbd(unauthorized=unauthorized)
        with contextlib.suppress(BringupError):
            connect_tcp(stage.server.transport, board.serial, Deadline.after(2))
        stage.serial = board.serial
        stage.cleanups += [board.close, lambda: gone(stage, board.serial)]

    return strike


def connected_early(stage: Stage) -> None:
    native = stage.board.native
    native.signal_adbd(signal.SIGSTOP)
    gone(stage, stage.serial)
    with contextlib.suppress(BringupError):
        connect_tcp(stage.server.transport, stage.serial, Deadline.after(1))
    stage.process = stage.start()
    native.signal_adbd(signal.SIGCONT)


def mounted(options: str, *folders: str) -> Strike:
    def strike(stage: Stage) -> None:
        for folder in folders:
            stage.board.mount(folder, options)

    return strike


def tools(**scripts: str) -> Strike:
    def strike(stage: Stage) -> None:
        for name, script in scripts.items():
            stage.board.script(f"vendor/bin/{name}", f"#!/system/bin/sh\n{script}\n")

    return strike


def other_machine(stage: Stage) -> None:
    stage.board.script("vendor/bin/uname", "#!/system/bin/sh\necho riscv64\n")
    if (stage.board.files / "proc/sys/kernel/arch").exists():
        (stage.board.files / "tmp/arch").write_text("riscv64\n")
        stage.board.bind("/tmp/arch", "/proc/sys/kernel/arch")


def then(script: str, *arguments: str) -> Strike:
    """What the program does after it was held."""

    def prepare(stage: Stage) -> None:
        stage.board.then = script
        stage.arguments += arguments

    return prepare


def never_goes_on(stage: Stage) -> None:
    stage.board.stuck = True


def limited(stage: Stage) -> None:
    stage.arguments += ["--seconds", "8"]


def hostile_names(stage: Stage) -> None:
    files: Path = stage.board.files
    names = ["\x1b]0;x\x07", "a\nb", "'><script>alert(1)<", "\u202e", "$(reboot)", "..;reboot", "x" * 200]
    (files / "boot").mkdir()
    (files / "dev/dma_heap").mkdir()
    for name in names:
        for place in (files / f"boot/config-{name}", files / f"ueventd{name}.rc", files / "dev/dma_heap" / name):
            with contextlib.suppress(OSError):
                place.write_text(f"{name}=y\n")


def no_script_in_the_page(stage: Stage) -> None:
    assert "<script>alert" not in (stage.output / "report.html").read_text()


def two_serials(stage: Stage) -> None:
    serial = stage.serial
    through(stage, relay_to(stage))
    stage.arguments.append("--all")
    stage.selects = False
    stage.serial = serial


def board_is_one(stage: Stage) -> None:
    assert len(load_run(stage.output).boards) == 1


def behind_a_relay(stage: Stage) -> None:
    relay = relay_to(stage)
    through(stage, relay)
    stage.others.append(relay)


def swap(stage: Stage) -> None:
    (relay,) = stage.others
    relay.target = (stage.make().address, 5555)
    relay.cut()


def slow(stage: Stage) -> None:
    through(stage, relay_to(stage, delay=0.05))


def not_waited_for_long(stage: Stage) -> None:
    stage.arguments += ["--seconds", "30"]


def three_boards(stage: Stage) -> None:
    stage.others += [stage.make(), stage.make()]
    stage.arguments.append("--all")
    stage.selects = False


def others_are_well(stage: Stage) -> None:
    boards = {board.serial: outcomes_of(board) for board in load_run(stage.output).boards}
    for other in stage.others:
        differ = {key for key in boards[other.serial] if boards[other.serial][key] != stage.healthy.outcomes.get(key)}
        assert differ <= {("kernel.complaints", None)}, differ


def second_run(stage: Stage) -> None:
    stage.arguments += ["--wait", "300"]
    first = stage.start()
    stage.output = stage.folder / "second"
    stage.process = stage.start()
    stage.others.append(first)


def first_run_is_well(stage: Stage) -> None:
    (first,) = stage.others
    status, said = first.end()
    assert status == stage.healthy.status, said


def small_disk(stage: Stage) -> None:
    place = stage.folder / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "disk", place], check=True, capture_output=True)
    stage.cleanups.append(lambda: subprocess.run(["umount", place], check=True, capture_output=True))
    stage.output = place / "run"


def fill_disk(stage: Stage) -> None:
    with contextlib.suppress(OSError), (stage.output.parent / "fill").open("wb", buffering=0) as fill:
        while True:
            fill.write(bytes(1 << 16))


def read_only_disk(stage: Stage) -> None:
    subprocess.run(["mount", "-o", "remount,ro", stage.output.parent], check=True, capture_output=True)


def all_after(ending: Ending, connect: Ending = Ending.REFUSED) -> dict[Phase, Ending]:
    return {CONNECT: connect} | each(ending, *HELD)


native = partial(Fault, where=Where.NATIVE)

UNKNOWN, SAME, REFUSED, HOST = Ending.UNKNOWN, Ending.SAME, Ending.REFUSED, Ending.HOST
_FOLDERS = ("/data/local/tmp", "/tmp", "/dev")
_SIGNALLED = dict.fromkeys(ALL_PHASES, Ending.INTERRUPTED)

NATIVE = (
    native(1, "reboot", "The board reboots", "power off and on, with another boot_id",
           all_after(UNKNOWN, Ending.EITHER), lambda stage: stage.board.native.reboot(), heal=None, quick=(OBSERVE,)),
    native(1, "power-lost", "The board loses its power", "all its processes and its network end",
           all_after(UNKNOWN), lambda stage: stage.board.native.stop(), heal=None),
    native(2, "adb-server-killed", "The adb server is killed", "SIGKILL", all_after(UNKNOWN), kill_server,
           own_server=True, quick=(RECORD,)),
    native(3, "adb-server-old", "The adb server is of an old version", "a relay changes its answer to host:version",
           {CONNECT: REFUSED}, server_says((b"0029", b"001f"))),
    native(3, "adb-server-new", "The adb server is of a new version", "a relay changes its answer to host:version",
           {CONNECT: SAME}, server_says((b"0029", b"0063"))),
    native(4, "link-cut", "The cable is pulled", "the board's network goes down", all_after(UNKNOWN),
           lambda stage: stage.board.native.unplug(), heal=lambda stage: stage.board.native.plug()),
    native(4, "disconnected", "adb is disconnected from the board", "adb disconnect", all_after(UNKNOWN),
           lambda stage: gone(stage, stage.serial)),
    native(5, "frozen", "The board freezes", "SIGSTOP to adbd", all_after(UNKNOWN), adbd(signal.SIGSTOP),
           prepare=not_waited_for_long, heal=adbd(signal.SIGCONT), quick=(RECORD,)),
    native(6, "offline", "The board is offline", "an adbd that accepts and never answers",
           {CONNECT: REFUSED}, stub(unauthorized=False), where=Where.STUB),
    native(7, "connected-early", "adb was connected before adbd answered", "adbd stopped, connected to, and continued",
           {CONNECT: Ending.EITHER}, connected_early),
    native(8, "unauthorized", "The board accepts no key", "an adbd that asks for another key for ever",
           {CONNECT: REFUSED}, stub(unauthorized=True), where=Where.STUB),
    native(9, "no-permissions", "The host may not open the USB device", "an adb server that lists it so",
           {CONNECT: REFUSED}, listed_as("no permissions (user in plugdev group; are your udev rules wrong?)"),
           where=Where.STUB),
    native(9, "recovery", "The board is in recovery or sideload", "an adb server that lists it so",
           {CONNECT: REFUSED}, listed_as("sideload"), where=Where.STUB),
    native(10, "adbd-killed", "adbd crashes", "SIGKILL; it is started again", all_after(UNKNOWN, Ending.EITHER),
           adbd(signal.SIGKILL)),
    native(11, "hang", "A command does not end", "it waits for ever, with --seconds 8", each(UNKNOWN, *HELD, after=None),
           never_goes_on, prepare=limited),
    native(12, "data-full", "/data is full", "a tmpfs of 16 KiB over it", each(SAME, CONNECT, PUSH, after=None),
           mounted("size=16k", "/data/local/tmp")),
    native(12, "all-full", "No folder has space", "a tmpfs of 16 KiB over each", each(UNKNOWN, CONNECT, after=None),
           mounted("size=16k", *_FOLDERS)),
    native(13, "read-only", "/data is read-only", "a read-only tmpfs over it", each(SAME, CONNECT, PUSH, after=None),
           mounted("ro", "/data/local/tmp")),
    native(13, "all-read-only", "Every folder is read-only", "a read-only tmpfs over each",
           each(UNKNOWN, CONNECT, after=None), mounted("ro", *_FOLDERS)),
    native(14, "noexec", "/data is noexec", "a tmpfs over it", each(SAME, CONNECT, PUSH, after=None),
           mounted("noexec", "/data/local/tmp")),
    native(14, "all-noexec", "Every folder is noexec", "a tmpfs over each", each(UNKNOWN, CONNECT, after=None),
           mounted("noexec", *_FOLDERS), quick=(CONNECT,)),
    native(15, "wrong-abi", "The program is for another machine", "the board says riscv64",
           each(UNKNOWN, CONNECT, after=None), other_machine),
    native(16, "no-root", "There is no root", "adbd runs as uid 2000", each(Ending.FINDING, CONNECT, after=None),
           nothing, uid=2000),
    native(16, "root-required", "There is no root, and it is required", "adbd runs as uid 2000, --root require",
           each(UNKNOWN, CONNECT, after=None), lambda stage: stage.arguments.extend(["--root", "require"]), uid=2000),
    native(19, "huge-output", "A command's output does not end", "zeros amid the answer",
           each(UNKNOWN, *OBSERVING, after=None), nothing, prepare=then("cat /dev/zero")),
    native(19, "endless-lines", "Lines without end", "yes amid the answer",
           each(UNKNOWN, *OBSERVING, after=None), nothing, prepare=then('yes \'{"t":"mark"}\'')),
    native(20, "binary-output", "Binary output and control sequences", "NUL, CR, ESC and 0xff amid the answer",
           each(UNKNOWN, *OBSERVING, after=None), nothing,
           prepare=then(r"printf '\000\r\n\033]0;x\007\377\n'; printf '\033[31m\r\007\377' >&2; exit 3")),
    native(21, "names", "File names are an attack", "control characters, markup and shell in names of files and heaps",
           each(Ending.FINDING, CONNECT, after=None), hostile_names, verify=no_script_in_the_page, quick=(CONNECT,)),
    native(24, "two-serials", "One board has two serials", "connected a second time, through a relay; --all",
           {CONNECT: SAME}, two_serials, verify=board_is_one, own_server=True),
    native(25, "another-board", "The serial is another board's now", "a relay leads to another board",
           each(UNKNOWN, *HELD), swap, prepare=behind_a_relay, quick=(RECORD,)),
    native(26, "no-tools", "The board lacks tools", "no sha256sum, no uname; nor has it devpts or /proc/config.gz",
           each(SAME, CONNECT, after=None), tools(sha256sum="exit 127", uname="exit 127")),
    native(26, "no-mv", "The board cannot even rename", "no mv", each(UNKNOWN, CONNECT, after=None),
           tools(mv="exit 127")),
    native(27, "crash", "The test allocator crashes", "SIGSEGV amid its answer", each(UNKNOWN, *OBSERVING, after=None),
           nothing, prepare=then("kill -SEGV $$")),
    native(27, "status", "The test allocator ends with a status", "exit 9 amid its answer",
           each(UNKNOWN, *OBSERVING, after=None), nothing, prepare=then("exit 9")),
    native(28, "sigint", "Ctrl-C", "SIGINT to bringup", _SIGNALLED, own(signal.SIGINT), quick=(CONNECT,)),
    native(28, "sigterm", "bringup is ended", "SIGTERM to bringup", _SIGNALLED, own(signal.SIGTERM)),
    native(28, "sighup", "The terminal is closed", "SIGHUP to bringup", _SIGNALLED, own(signal.SIGHUP)),
    native(28, "sigkill", "bringup is killed", "SIGKILL to bringup", dict.fromkeys(ALL_PHASES, Ending.KILLED),
           own(signal.SIGKILL), quick=(REPORT,)),
    native(29, "disk-full", "The host's disk is full", "a tmpfs that is filled up", dict.fromkeys(ALL_PHASES, HOST),
           fill_disk, prepare=small_disk, quick=(REPORT,)),
    native(29, "results-read-only", "The folder of results is read-only", "remounted so",
           dict.fromkeys((CONNECT, JUDGE, REPORT), HOST), read_only_disk, prepare=small_disk),
    native(30, "one-of-three", "One of three boards freezes", "SIGSTOP to its adbd; --all", all_after(UNKNOWN, UNKNOWN),
           adbd(signal.SIGSTOP), prepare=three_boards, heal=adbd(signal.SIGCONT), verify=others_are_well,
           own_server=True, quick=(OBSERVE,)),
    native(31, "slow", "The board is slow to answer", "50 ms more for each packet, each way",
           each(SAME, CONNECT, after=None), slow),
    native(32, "two-runs", "Two runs on one board", "a second run is started beside the first, and waits",
           each(SAME, CONNECT, after=None), second_run, verify=first_run_is_well),
)  # fmt: skip
