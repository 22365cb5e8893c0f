"""A virtual board whose kernel enforces a policy of our own: the amd64 board, for Debian's kernel has SELinux.

The policy is ``tests/support/render/sepolicy/base.conf``, which has the platform's heap types and neverallow rules, with
rendered rules put in. Nodes get the label that libselinux finds in the platform's and the rendered file_contexts.
adb's shell runs in the domain ``su``, which is permissive as on a userdebug build; a client is started in its own.
"""

from __future__ import annotations

from pathlib import Path

from bringup.allocator.answer import Hello, Result
from bringup.allocator.plan import Heaps, Plan, Test
from bringup.allocator.reader import parse_line
from bringup.allocator.run import ensure_pushed
from bringup.board import Selection, connect, connect_tcp
from bringup.checks.judge import judge
from bringup.config.schema import BoardConfig
from bringup.deadline import Deadline
from bringup.facts.board import Facts
from bringup.record.load import load_record
from bringup.record.observe import Observation, observe
from bringup.report.load import load_run
from bringup.results.run import BoardRun
from bringup.virtual import VirtualBoard
from tests.support.command import bringup
from tests.support.native_adbd import AdbServer
from tests.support.render.policy import PLATFORM, compiled, looked_up

HEAPS = "/dev/dma_heap"
HAL = "/data/local/tmp/allocator-hal"
"""The test allocator, under a name that is not its own: a client as any other."""
TOOL = "/data/local/tmp/dmabuf_dump"
SECONDS = 300

_LABEL = "toybox setfattr -n security.selinux -v u:object_r"
#: The rate at which denials are logged is limited, so that lines are lost: not here, but where a test wants it.
_BEFORE = """\
mount -t selinuxfs selinuxfs /sys/fs/selinux || exit
print 0 >/proc/sys/kernel/printk_ratelimit
"""
#: What a program needs to run is open to all; a shell runs in a domain of its own.
_AFTER = f"""\
cd /dev && {_LABEL}:null_device:s0 console full kmsg null ptmx random tty urandom zero || exit
{_LABEL}:video_device:s0 hpet || exit
{_LABEL}:shell_exec:s0 /system/bin/sh
"""


class SelinuxBoard:
    """That board, connected. Each policy that is loaded takes the place of the one before."""

    def __init__(self, board: VirtualBoard, server: AdbServer, folder: Path) -> None:
        deadline = Deadline.after(SECONDS)
        serial = connect_tcp(server.transport, board.serial, deadline)
        self._board = connect(Selection(server=server.address, serials=(serial,)), deadline)
        self._folder = folder
        self._server = server
        self._runs = 0
        program = ensure_pushed(self._board, deadline).path
        self.sh(f"cp {program} {HAL} && cp /system/bin/toybox {TOOL} && chmod 0755 {HAL} {TOOL}")
        self.sh(_BEFORE)
        self._load("")
        self.sh(_AFTER)

    def sh(self, script: str) -> str:
        """Run a script that has to succeed."""
        done = self._board.shell(script, Deadline.after(SECONDS))
        assert done.exit_code == 0, (script, done.stdout, done.stderr)
        return done.stdout.decode()

    def install(self, te: str = "", contexts: str | None = "", *, enforcing: bool = True) -> None:
        """Load a policy with these rules, label the heaps, and begin a new kernel log.

        :param contexts: what the vendor's file_contexts add to the platform's; ``None``: no file_contexts names a
            heap at all, and every node keeps what the file system gives it.
        """
        self.sh("print -n 0 >/sys/fs/selinux/enforce")
        self._load(te)
        labels = {path: self._label_of(path, contexts) for path in (HEAPS, f"{HEAPS}/system")}
        script = [f"toybox setfattr -n security.selinux -v {label} {path}" for path, label in labels.items()]
        self.sh(" && ".join([*script, f"print -n {int(enforcing)} >/sys/fs/selinux/enforce", "dmesg -C"]))

    def _label_of(self, path: str, contexts: str | None) -> str:
        if contexts is None:
            return "u:object_r:device:s0"
        file = self._folder / "file_contexts"
        file.write_text(PLATFORM + contexts)
        return looked_up(file, path)

    def _load(self, te: str) -> None:
        done = compiled(te, self._folder, "-U", "allow")
        assert done.returncode == 0, done.stderr + done.stdout
        # The kernel wants a policy in one write; adbd writes 64 KiB at a time.
        self._board.push(self._folder / "policy.bin", "/sys/fs/selinux/load", 0o600, Deadline.after(SECONDS))

    def allocate(self, domain: str) -> dict[str, Result]:
        """A client in this domain opens the system heap, allocates, maps, writes and reads: its results by test."""
        plan = Plan().add(Heaps("system"), Test("open"), Test("alloc.1m"), Test("mmap.rw"))
        done = self._board.shell(_become(domain, HAL), Deadline.after(SECONDS), stdin=plan.encode())
        lines = [parse_line(one) for one in done.stdout.splitlines()]
        (hello,) = (one for one in lines if isinstance(one, Hello))
        assert hello.label == f"u:r:{domain}:s0", done
        return {one.test: one for one in lines if isinstance(one, Result)}

    def reads(self, domain: str, path: str, times: int = 1) -> bool:
        """Whether a tool of that domain, whose name speaks of DMA-BUFs, may read from a device each time."""
        script = _become(domain, f"-a head {TOOL} -c 0{f' {path}' * times}")
        return self._board.shell(script, Deadline.after(SECONDS)).exit_code == 0

    def log(self) -> list[str]:
        """The avc lines in the kernel's log since the policy was installed, as bringup quotes them."""
        lines = self.sh("dmesg").splitlines()
        return [line.partition("] ")[2] for line in lines if "avc: " in line or "suppressed" in line]

    def look(self, config: BoardConfig) -> BoardRun:
        """Observe and judge, with few tests."""
        self._runs += 1
        folder = self._folder / f"record-{self._runs}"
        how = Observation(tests=("open", "alloc.1m"), rounds=0, pages=False, exhaust=False)
        assert observe(self._board, folder, how) is None
        return judge(Facts(load_record(folder), config))

    def run(self, config: Path, *arguments: str) -> BoardRun:
        """``bringup run``, as a user starts it."""
        self._runs += 1
        out = self._folder / f"run-{self._runs}"
        environ = {"ANDROID_ADB_SERVER_PORT": str(self._server.address.port)}
        argv = ("run", "-s", self._board.serial, "-o", str(out), "--rounds", "0", "--board", str(config), *arguments)
        done = bringup(*argv, environ=environ)
        assert (out / "run.json").is_file(), done.stderr
        (one,) = load_run(out).boards
        return one


def _become(domain: str, argv: str) -> str:
    """A script that runs a program in that domain."""
    return f"print -n u:r:{domain}:s0 >/proc/self/attr/exec && exec {argv}"
