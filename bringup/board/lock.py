"""The lock on a board: a file beside the test allocator that says who uses the board.

The board's own shell makes it, whole or not at all, and removes one that does not count any more: of another boot, or
older than its owner said that it needs the board. It is made in the exchange that looks for the test allocator.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from bringup.deadline import Deadline
from bringup.errors import BoardInUse
from bringup.text import parse_number, visible

__all__ = ["LOCK_NAME", "Claim", "Owner", "in_use"]

LOCK_NAME = "bringup.lock"
#: Between two looks at a board that is in use.
_PAUSE_SECONDS = 1.0
#: How often a lock without its second line is looked at again: its owner may be writing it just now.
_UNFINISHED_LOOKS = 3
_SHOWN = 80
_TOKEN = re.compile("[0-9a-f]{16}")
#: What an owner's texts are made of, and how long they are at most: as long as a path may be.
_PLAIN = re.compile(r"[ !#-\[\]-~]{0,4096}")
_MOST_NUMBER = 1 << 32
_ACTION = "use the board"

# Builtins only, but for rm. mksh and dash open a new file with O_EXCL under set -C. The second line: boot_id, seconds
# since boot, and for how many the owner needs the board. Where somebody else was quicker, all is looked at again. Who
# makes the file beside a lock that does not count removes it, if it is still the one that was read: of many who read
# it, the second would remove the first one's new lock. Only plain numbers are calculated with: dash ends at others.
_TAKE = """read -r boot </proc/sys/kernel/random/boot_id || boot=unknown
read -r up rest </proc/uptime && up=${{up%%.*}} || up=0
drop() {{
  now=
  [ {part} = part ] || rm -f "$file.busy"
  if (umask 022; set -C; : >"$file.busy"); then
    read -r now <"$file"
    if [ "$now" = "$owner" ]; then rm -f "$file" "$file.busy"; return; fi
    rm -f "$file.busy"
    return 2
  fi
  [ ! -e "$file.busy" ] || return 2
  [ -e "$file" ] && read -r now <"$file"
  [ "$now" != "$owner" ] || return 1
  return 2
}}
for try in 1 2 3; do
  lock=none stale=" "
  for folder in {folders}; do
    file=$folder/{name} owner= was= at= limit= is=whole
    [ -e "$file" ] || continue
    {{ read -r owner; read -r was at limit; }} <"$file"
    for number in "$at" "$limit"; do
      case $number in ""|*[!0-9]*|0?*|??????????*) is=part;; esac
    done
    case $owner in {broken}) is=broken;; esac
    case $is in
      {part}) lock="held -1 $owner"; break;;
      whole) if [ "$was" = "$boot" ] && [ $((up - at)) -le "$limit" ]; then lock="held $((up - at)) $owner"; break; fi;;
    esac
    drop
    case $? in
      1) stale="$stale$file ";;
      2) lock="held -1 "; continue 2;;
    esac
  done 2>/dev/null
  [ "$lock" = none ] || break
  for folder in {folders}; do
    file=$folder/{name}
    case $stale in *" $file "*) continue;; esac
    if (umask 022; set -C; echo {line}"
$boot $up {seconds}" >"$file") 2>/dev/null; then lock=taken; break 2; fi
    [ ! -e "$file" ] || {{ lock="held -1 "; continue 2; }}
  done
  break
done
echo "$lock"
"""

_RELEASE = """for folder in {folders}; do
  owner=
  read -r owner <"$folder/{name}" && case $owner in *{token}*) rm -f "$folder/{name}";; esac
done 2>/dev/null"""


class Owner(msgspec.Struct, frozen=True):
    """Who uses a board. Every text is of printable ASCII, without quotes and backslashes: shells write it.

    :param token: random; the lock's owner is who knows it.
    :param host: the host's name; ``host_id`` is of this one start of it, and of the folder of its locks.
    :param since: ISO 8601 in UTC, by the host's clock.
    :param seconds: after so many the lock does not count any more.
    :param file: the lock on the host that goes with it; empty: there is none.
    """

    token: str
    user: str = "?"
    host: str = "?"
    host_id: str = ""
    pid: int = 0
    command: str = ""
    since: str = ""
    seconds: int = 0
    file: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """A board's lock as one process wants it.

    :param folders: where it may lie on the board.
    :param wait: how long to wait for a board that is in use.
    :param is_gone: whether an owner is known to use the board no more.
    :param breaks: tokens of locks that are removed; ``*``: every lock is.
    """

    owner: Owner
    folders: Sequence[str]
    wait: Deadline
    is_gone: Callable[[Owner], bool] = lambda _: False
    breaks: frozenset[str] = field(default_factory=frozenset)
    unfinished: int = 0
    """How often the lock on the board was only a part of one; after so many looks such a part is removed."""

    def take_script(self) -> str:
        """Take it; the first line of its output is for :meth:`require`."""
        broken = (
            "*" if "*" in self.breaks else "|".join(f"*{token}*" for token in sorted({*self.breaks, self.owner.token}))
        )
        line = shlex.quote(msgspec.json.encode(self.owner).decode("ascii"))
        return _TAKE.format(
            folders=" ".join(self.folders),
            name=LOCK_NAME,
            broken=broken,
            part="none" if self.unfinished >= _UNFINISHED_LOOKS else "part",
            line=line,
            seconds=self.owner.seconds,
        )

    def release_script(self) -> str:
        """Give it back, if it is still ours."""
        return _RELEASE.format(folders=" ".join(self.folders), name=LOCK_NAME, token=self.owner.token)

    def require(self, line: str, serial: str) -> None:
        """Read what :meth:`take_script` says. A board on which nobody can leave a file has no lock.

        :raises BoardInUse: another process uses the board.
        """
        state, _, rest = line.partition(" ")
        if state == "held":
            age, _, owner = rest.partition(" ")
            error = in_use(_read_owner(owner), parse_number(age), serial)
            error.is_unfinished = age == "-1"
            raise error

    def after(self, error: BoardInUse) -> Claim | None:
        """How to try again once the board was in use; ``None``: not at all."""
        owner = error.owner if isinstance(error.owner, Owner) else Owner("")
        if owner.token and owner.token not in self.breaks and self.is_gone(owner):
            return replace(self, breaks=self.breaks | {owner.token})
        if error.is_unfinished and self.unfinished < 2 * _UNFINISHED_LOOKS:
            return replace(self, unfinished=self.unfinished + 1)
        return None if self.wait.expired else self

    @property
    def pause(self) -> float:
        """Seconds until the next try."""
        return min(_PAUSE_SECONDS, max(0.1, self.wait.remaining))


def _read_owner(text: str) -> Owner:
    """Whose lock it is, by its first line, which anyone on the board may have written; no token: unknown."""
    try:
        owner = msgspec.json.decode(text, type=Owner)
    except (msgspec.MsgspecError, UnicodeError):
        return Owner("")
    texts = (owner.user, owner.host, owner.host_id, owner.command, owner.since, owner.file)
    is_ours = (
        _TOKEN.fullmatch(owner.token)
        and all(_PLAIN.fullmatch(text) for text in texts)
        and all(0 <= number < _MOST_NUMBER for number in (owner.pid, owner.seconds))
    )
    return owner if is_ours else Owner("")


def in_use(owner: Owner, age: int | None, serial: str) -> BoardInUse:
    """The error for a board that another process uses.

    :param age: seconds since the lock was taken; ``None``: unknown.
    """
    since = "" if age is None else f" for {age // 60} min {age % 60} s" if age >= 60 else f" for {age} s"
    user, host, program = (visible(text[:_SHOWN]) for text in (owner.user, owner.host, owner.command))
    who = f"{user} on {host} (process {owner.pid})" if owner.token else "an unknown process"
    command = f": {program}" if program else ""
    limit = f"; that lock ends after {owner.seconds} s" if owner.seconds else ""
    hint = f"wait for it: --wait SECONDS{limit}; if nobody uses the board any more: --break-lock"
    error = BoardInUse(_ACTION, f"in use{since} by {who}{command}", hint=hint, board=serial)
    error.owner = owner
    error.state = "in use"
    return error
