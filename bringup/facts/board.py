"""What a record says about its board: parsed once, with types; ``None`` if it was not observed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property

from bringup.allocator.answer import NodeFact, State
from bringup.config.expectation import Expectation
from bringup.config.schema import BoardConfig
from bringup.errors import BringupError, RecordError
from bringup.facts.log.kernel_line import read_lines
from bringup.facts.log.readings import KERNEL_LOGS, KernelLog, joined
from bringup.kernel.history.version import KernelVersion
from bringup.kernel.kconfig.dotconfig import KernelConfig
from bringup.kernel.requirements.evidence import Evidence, Unseen
from bringup.kernel.requirements.judge import judge
from bringup.kernel.requirements.verdict import KconfigVerdict
from bringup.kernel.sources.modules_load import modules_listed
from bringup.kernel.sources.source import config_from_bytes
from bringup.record.load import FileEntry, Record
from bringup.text import parse_number

__all__ = ["HEAP_FOLDER", "Facts", "UeventdRule"]

HEAP_FOLDER = "/dev/dma_heap"
_GETPROP, _COMPATIBLE = "/system/bin/getprop", "/sys/firmware/devicetree/base/compatible"
_ANDROID_13 = 33
_GROUP = re.compile(r"^([A-Za-z_][A-Za-z0-9_.-]*+):[^:\n]*+:([0-9]{1,10})(?::|$)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class UeventdRule:
    """One permission line of a ``ueventd.rc``, and the file and line where it stands."""

    pattern: str
    mode: int
    user: str
    group: str
    place: str


class Facts:
    """What is known about one board. A property that is ``None`` was not observed or could not be read.

    :param config: the board config it is judged against; ``None`` where none matched.
    :ivar matched_config: the same, also where a board was lost before it had shown all that one can match.
    :param why_config: why this config matches, or why none does.
    :param expectations: what a file of the user's expects.
    :param rendered: files rendered for it earlier, path → text, to compare the board with.
    """

    def __init__(
        self,
        record: Record,
        config: BoardConfig | None = None,
        why_config: str = "",
        rendered: Mapping[str, str] | None = None,
        expectations: Sequence[Expectation] = (),
    ) -> None:
        self.record = record
        self.matched_config = config
        self.why_config = why_config
        self.rendered = rendered
        self.expectations = expectations

    def against(
        self, config: BoardConfig | None, why_config: str = "", rendered: Mapping[str, str] | None = None
    ) -> Facts:
        """The same facts with another board config. What was parsed is kept: it does not depend on the config."""
        facts = copy(self)
        facts.matched_config, facts.why_config, facts.rendered = config, why_config, rendered
        return facts

    @cached_property
    def returned(self) -> Facts | None:
        """What was read once the board was back, after it was lost; ``None``: it was not lost, or not looked for."""
        return None if self.record.return_ is None else Facts(self.record.return_)

    @cached_property
    def rebooted(self) -> bool:
        """Whether the board was lost and came back as another boot."""
        if self.returned is None:
            return False
        boot_ids = (self.record.board.boot_id, self.returned.record.board.boot_id)
        return all(boot_ids) and boot_ids[0] != boot_ids[1]

    def text(self, path: str) -> str | None:
        """A file's text; ``None`` unless it was read."""
        entry = self.record.file(path)
        return entry.text() if entry is not None and entry.state is State.OK else None

    def why_unknown(self, path: str) -> str:
        """Why a file or node is not known, as a verdict's reason."""
        entry = self.record.file(path) or self.record.node(path)
        if entry is None:
            return f"{path} was not observed ({self.record.incomplete or 'it was not asked for'})"
        words = {State.MISSING: "is not there", State.DENIED: "may not be read", State.OK: "is there"}
        return f"{path} {words.get(entry.state, f'could not be read (errno {entry.errno})')}"

    # -- what it is ------------------------------------------------------------------------------------------

    @property
    def config(self) -> BoardConfig | None:
        """The board config that it is judged against; ``None``: no config matches, which is known.

        :raises RecordError: which one matches is not known: the board was lost before it had shown what one can match.
        """
        if self.matched_config is None and self.lost_unidentified:
            seen = f"the board was lost before it had shown what one can match ({self.record.incomplete})"
            raise RecordError("choose its board config", seen)
        return self.matched_config

    @property
    def lost_unidentified(self) -> bool:
        """Whether the board was lost before everything was read that a board config can match."""
        identified = self.record.ran(_GETPROP) is not None and self.record.file(_COMPATIBLE) is not None
        return self.record.incomplete is not None and not identified

    @cached_property
    def version(self) -> KernelVersion | None:
        """The running kernel's version."""
        try:
            return KernelVersion.parse(self.record.hello.release) if self.record.hello else None
        except BringupError:
            return None

    @cached_property
    def properties(self) -> dict[str, str]:
        """Android's system properties; empty where there are none."""
        ran = self.record.ran(_GETPROP)
        return dict(_properties(ran.stdout.text())) if ran else {}

    @cached_property
    def compatibles(self) -> tuple[str, ...]:
        """The device tree's root ``compatible``, most specific first; empty on a board without a device tree."""
        text = self.text(_COMPATIBLE) or ""
        return tuple(part for part in text.split("\0") if part)

    @cached_property
    def cmdline(self) -> tuple[str, ...] | None:
        """The kernel command line, word by word."""
        text = self.text("/proc/cmdline")
        return None if text is None else tuple(text.split())

    @cached_property
    def is_android(self) -> bool:
        """Whether Android's user space runs there (its properties name the build)."""
        return "ro.build.version.sdk" in self.properties

    @cached_property
    def has_udev(self) -> bool:
        """Whether udev sets modes and owners of nodes: a Linux that is not Android."""
        return self.is_other_linux and self.record.globs["/run/udev"].count > 0

    @cached_property
    def is_other_linux(self) -> bool:
        """Whether it is known that another Linux than Android runs there, with udev or with something like mdev.

        No answer of getprop does not show it: the board may have been lost before, or getprop took too long.
        """
        udev, getprop = self.record.globs.get("/run/udev"), self.record.ran(_GETPROP)
        ueventd = any(entry.state is not State.MISSING for entry in self._ueventd_files)
        if udev is None or ueventd or self.properties:
            return False
        return udev.count > 0 if getprop is None else getprop.state is State.MISSING

    @cached_property
    def groups(self) -> dict[str, int]:
        """The board's groups and their ids; empty where it has no /etc/group, such as Android."""
        return {name: int(number) for name, number in _GROUP.findall(self.text("/etc/group") or "")}

    @cached_property
    def is_user_build(self) -> bool | None:
        """Whether it is a user build of Android, which forbids debugfs and the like."""
        kind = self.properties.get("ro.build.type")
        return None if kind is None else kind == "user"

    @cached_property
    def selinux_mode(self) -> str | None:
        """``enforcing`` or ``permissive``; ``None`` where SELinux is not there or was not observed."""
        text = self.text("/sys/fs/selinux/enforce")
        return None if text is None else "enforcing" if text.strip() == "1" else "permissive"

    @property
    def page_size(self) -> int:
        """Bytes per page, as the test allocator reports; the smallest possible where it did not run."""
        return self.record.hello.page_size if self.record.hello else 4096

    @property
    def as_root(self) -> bool:
        """Whether the test allocator ran as root."""
        return self.record.hello is not None and self.record.hello.uid == 0

    # -- its kernel ------------------------------------------------------------------------------------------

    @cached_property
    def _kernel_config(self) -> tuple[KernelConfig | None, str]:
        release = self.record.hello.release if self.record.hello else ""
        tried = [self.record.file("/proc/config.gz"), self.record.file(f"/boot/config-{release}")]
        for entry in tried:
            if entry is not None and entry.state is State.OK and entry.size:
                return _parse_kernel_config(entry)
        return None, f"{self.why_unknown('/proc/config.gz')}, and there is no /boot/config-{release or '*'}"

    @property
    def kernel_config(self) -> KernelConfig | None:
        """The running kernel's configuration."""
        return self._kernel_config[0]

    @property
    def why_no_kernel_config(self) -> str:
        """Why the running kernel's configuration is not known."""
        return self._kernel_config[1]

    @cached_property
    def kconfig(self) -> dict[str, KconfigVerdict]:
        """The kernel's requirements, judged, by their ids; empty where the kernel's version is not known."""
        if self.version is None:
            return {}
        verdicts = judge(self.kernel_config, self.version, evidence=self.evidence)
        return {verdict.id: verdict for verdict in verdicts}

    @cached_property
    def evidence(self) -> Evidence:
        """What was observed besides the configuration and can prove a requirement."""
        from bringup.facts.memory.default_cma import has_area, linked_heap

        # A link is not the heap of its name.
        nodes = {name for name in self.heap_nodes or () if linked_heap(self, name) is None}
        return Evidence.of(
            modules=self.modules,
            modules_load=self.modules_load,
            heaps=None if self.heap_nodes is None else nodes,
            cmdline=None if self.cmdline is None else " ".join(self.cmdline),
            cma_total=self.meminfo.get("CmaTotal"),
            is_user_build=self.is_user_build,
            cma_heaps=(name for name in nodes if has_area(self, name)),
            lost_before=self._lost_before(),
        )

    def _lost_before(self) -> Iterator[Unseen]:
        if self.record.incomplete is not None:
            if f"{HEAP_FOLDER}/*" not in self.record.globs:
                yield Unseen.HEAPS
            if self.record.ran(_GETPROP) is None:
                yield Unseen.PROPERTIES

    @cached_property
    def modules(self) -> frozenset[str] | None:
        """Loaded modules, as ``/proc/modules`` names them (with underscores)."""
        text = self.text("/proc/modules")
        return None if text is None else frozenset(line.split()[0] for line in text.splitlines() if line.strip())

    @cached_property
    def modules_load(self) -> frozenset[str] | None:
        """Modules that a ``modules.load`` names, spelled as in ``/proc/modules``; ``None``: there is no such file."""
        lists = [entry for entry in self.record.files("/", "/modules.load") if entry.state is State.OK]
        return frozenset(name for entry in lists for name in modules_listed(entry.text())) if lists else None

    @cached_property
    def meminfo(self) -> dict[str, int]:
        """``/proc/meminfo`` in bytes; empty where it was not read."""
        lines = re.findall(r"^(\w{1,64}): {1,32}(\d{1,20}) kB", self.text("/proc/meminfo") or "", re.MULTILINE)
        numbers = ((name, parse_number(kib)) for name, kib in lines)
        return {name: kib * 1024 for name, kib in numbers if kib is not None}

    @cached_property
    def kernel_log(self) -> KernelLog | None:
        """The kernel's log: all that was read of it, before and after the tests."""
        records = [self.record] if self.returned is None or self.rebooted else [self.record, self.returned.record]
        readings = (entry for path in KERNEL_LOGS for record in records for entry in record.readings(path))
        read = [entry.text() for entry in readings if entry.state is State.OK]
        return joined(read_lines(text) for text in read) if read else None

    @cached_property
    def dmesg(self) -> tuple[str, ...] | None:
        """What the kernel's log says, without time stamps and the like."""
        return None if self.kernel_log is None else tuple(line.text for line in self.kernel_log.lines)

    # -- its heaps -------------------------------------------------------------------------------------------

    @cached_property
    def heap_nodes(self) -> dict[str, NodeFact] | None:
        """The nodes under ``/dev/dma_heap`` by heap name; ``None`` if the folder was not listed or could not be."""
        glob = self.record.globs.get(f"{HEAP_FOLDER}/*")
        if glob is None or glob.state in (State.DENIED, State.FAILED) or self._heap_folder_unreadable:
            return None
        nodes = self.record.nodes(HEAP_FOLDER)
        return {node.path.rsplit("/", 1)[-1]: node for node in nodes if node.state is not State.MISSING}

    @property
    def _heap_folder_unreadable(self) -> bool:
        folder = self.record.node(HEAP_FOLDER)
        return folder is not None and folder.state in (State.DENIED, State.FAILED)

    @property
    def _ignores_legacy_ueventd(self) -> bool:
        """Whether ueventd reads the files in ``etc`` folders only, as on boards that first came with Android 13.

        Source: AOSP system/core/init/ueventd.cpp of Android 13, GetConfiguration: ro.product.first_api_level, 10000
        where it is not set.
        """
        sdk = parse_number(self.properties.get("ro.build.version.sdk") or "")
        first = parse_number(self.properties.get("ro.product.first_api_level") or "")
        return sdk is not None and sdk >= _ANDROID_13 and (first is None or first >= _ANDROID_13)

    @property
    def _ueventd_files(self) -> list[FileEntry]:
        return [entry for entry in self.record.files("/", ".rc") if "/ueventd" in entry.path]

    @cached_property
    def ueventd_rules(self) -> tuple[UeventdRule, ...] | None:
        """Permission lines for ``/dev/…`` of every ``ueventd*.rc``; ``None`` where there is no such file."""
        files = self._ueventd_files
        if self._ignores_legacy_ueventd:
            files = [entry for entry in files if "/etc/" in entry.path]
        read = sorted((entry for entry in files if entry.state is State.OK), key=_parsed_after)
        return tuple(rule for entry in read for rule in _ueventd_rules(entry)) if read else None


def _properties(text: str) -> Iterator[tuple[str, str]]:
    """Android's getprop prints ``[NAME]: [VALUE]``; of a value of several lines nothing is read."""
    for line in text.split("\n"):
        name, found, value = line.partition("]: [")
        if found and name.startswith("[") and len(name) > 1 and "]" not in name and value.endswith("]"):
            yield name[1:], value[:-1]


def _parsed_after(entry: FileEntry) -> int:
    """ueventd parses /system, then /vendor, then /odm, so that later ones override (system/core/init/ueventd.cpp)."""
    order = ("system", "vendor", "odm")
    top = entry.path.split("/")[1]
    return order.index(top) + 1 if top in order else 0


def _parse_kernel_config(entry: FileEntry) -> tuple[KernelConfig | None, str]:
    if entry.truncated:
        return None, f"{entry.path} is larger than the part that was read"
    try:
        config = config_from_bytes(entry.data(), entry.path, complete=True)
    except BringupError as error:
        return None, f"{entry.path} cannot be parsed: {error}"
    # No kernel writes an odd line, so the rest may be wrong as well.
    return (None, f"{entry.path} cannot be parsed: {config.odd[0]}") if config.odd else (config, "")


def _ueventd_rules(entry: FileEntry) -> Iterator[UeventdRule]:
    """Lines of the form ``/dev/NODE MODE USER GROUP`` (AOSP system/core/init/README.ueventd.md)."""
    for number, line in enumerate(entry.text().splitlines(), start=1):
        words = line.split()
        if len(words) >= 4 and words[0].startswith("/dev/") and re.fullmatch("[0-7]{3,4}", words[1]):
            yield UeventdRule(words[0], int(words[1], 8), words[2], words[3], f"{entry.path}:{number}")
