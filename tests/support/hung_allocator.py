"""A test allocator that never answers, and commands that wait for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bringup.allocator.abi import Abi
from bringup.allocator.manifest import binary
from tests.support.native_adbd import NativeBoard


def hang_the_allocator(board: NativeBoard) -> None:
    """Put something on the board that passes for the test allocator, and answers nothing."""
    own = binary(Abi.X86_64)
    place = board.files / "data/local/tmp" / own.remote_name
    place.write_text('#!/system/bin/sh\n[ "$1" = --version ] && exit 0\nexec sleep 600\n')
    place.chmod(0o755)
    believed = board.files / "vendor/bin/sha256sum"
    believed.write_text(f'#!/system/bin/sh\necho "{own.sha256}  $1"\n')
    believed.chmod(0o755)


@contextmanager
def hung(*boards: NativeBoard) -> Iterator[None]:
    """So that what happens to a board in its tests happens before they end; afterwards it is as it was."""
    try:
        for board in boards:
            hang_the_allocator(board)
        yield
    finally:
        for board in boards:  # without it the test allocator is pushed again
            (board.files / "vendor/bin/sha256sum").unlink()
