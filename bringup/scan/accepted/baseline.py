"""A scan beside an earlier one: which uses are new, and which are gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec

from bringup.document import DocumentError, read_document
from bringup.errors import UsageError, os_reason
from bringup.files import read_input
from bringup.scan.document import Hit, Scan

__all__ = ["compared", "load_baseline"]

_LARGEST = 512 << 20


def load_baseline(path: Path) -> Scan:
    """An earlier scan, as ``bringup scan --json`` wrote it.

    :raises UsageError: it cannot be read, or is none.
    """
    action, hint = f"read the baseline {path}", "write one with: bringup scan TREE --json >OLD.json"
    try:
        return read_document(read_input(path, _LARGEST), Scan)
    except OSError as error:
        raise UsageError(action, os_reason(error), hint=hint) from error
    except DocumentError as error:
        raise UsageError(action, str(error), hint=hint) from error


def compared(scan: Scan, baseline: Scan) -> Scan:
    """The scan, each use and each unread file marked as new or unchanged, with the uses of the baseline that are gone.

    Uses are the same by their fingerprints, which hold through changed line numbers. A baseline of a version without
    fingerprints is compared by file, rule and line of text.
    """
    has_fingerprints = all(hit.fingerprint for hit in baseline.hits)
    before = Counter(_key(hit, has_fingerprints=has_fingerprints) for hit in baseline.hits)
    hits = []
    for hit in scan.hits:
        key = _key(hit, has_fingerprints=has_fingerprints)
        is_old = before[key] > 0
        before[key] -= is_old and has_fingerprints  # without, one hit of before may be several words now
        hits.append(msgspec.structs.replace(hit, baseline="unchanged" if is_old else "new"))
    now = Counter(_key(hit, has_fingerprints=has_fingerprints) for hit in scan.hits)
    gone = _gone(baseline.hits, now, has_fingerprints=has_fingerprints)
    unread = {(one.path, one.reason) for one in baseline.skipped}
    skipped = (
        msgspec.structs.replace(one, baseline="unchanged" if (one.path, one.reason) in unread else "new")
        for one in scan.skipped
    )
    return msgspec.structs.replace(scan, hits=tuple(hits), gone=tuple(gone), skipped=tuple(skipped))


def _gone(hits: Sequence[Hit], now: Counter[tuple[str, ...]], *, has_fingerprints: bool) -> list[Hit]:
    gone = []
    for hit in hits:
        key = _key(hit, has_fingerprints=has_fingerprints)
        if now[key] > 0:
            now[key] -= has_fingerprints
        else:
            gone.append(hit)
    return gone


def _key(hit: Hit, *, has_fingerprints: bool) -> tuple[str, ...]:
    return (hit.fingerprint,) if has_fingerprints else (hit.path, hit.rule, hit.text)
