"""Our own search of files for forms: a few hundred KiB of memory, whatever the file holds."""

from __future__ import annotations

import codecs
import errno
import os
import stat

from bringup.scan.finding.forms import LONGEST_WORD, Forms

__all__ = ["Searcher"]

_BUFFER = 256 << 10
#: In the middle of what two chunks share: no form is so long that it is cut there.
_SEAM = LONGEST_WORD // 2
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Searcher:
    """Searches one file after the other, in one buffer that fits a processor's cache."""

    def __init__(self, forms: Forms) -> None:
        self._forms = forms
        self._buffer = bytearray(_BUFFER)
        self._view = memoryview(self._buffer)

    def holds(self, path: str | bytes) -> bool:
        """Whether a file holds a form. Links are not followed.

        :raises OSError: it cannot be read.
        """
        file = os.open(path, _FLAGS)
        try:
            return self._search(file)
        finally:
            os.close(file)

    def _search(self, file: int) -> bool:
        kept = start = 0
        is_wide = is_full = False
        while read := os.readv(file, [self._view[kept:]]):
            end = kept + read
            is_full = end == _BUFFER  # else the end of the file, of most files after one call
            is_wide = is_wide or (not kept and self._buffer[:2] in _UTF_16)
            if self._occurs(start, end, is_last=not is_full, is_wide=is_wide):
                return True
            if not is_full:
                kept = end
                continue
            self._buffer[:LONGEST_WORD] = self._buffer[end - LONGEST_WORD : end]
            kept, start = LONGEST_WORD, _SEAM
            if not self._skip_hole(file):
                break
        return is_full and self._occurs(start, kept, is_last=True, is_wide=is_wide)

    def _occurs(self, start: int, end: int, *, is_last: bool, is_wide: bool) -> bool:
        """Whether a form begins between here and the seam with the next chunk, which is in both chunks."""
        if is_wide:
            narrow = self._buffer[:end].replace(b"\0", b"")
            return self._forms.occur(narrow, len(narrow))
        return self._forms.occur(self._buffer, end, start, None if is_last else end - _SEAM)

    def _skip_hole(self, file: int) -> bool:
        """Go to the next byte that is stored: a hole reads as zeros. Whether there is one."""
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode) or status.st_blocks * 512 >= status.st_size:
            return True
        try:
            os.lseek(file, os.lseek(file, 0, os.SEEK_CUR), os.SEEK_DATA)
        except OSError as error:
            return error.errno != errno.ENXIO  # nothing is left; else the file system knows of no holes
        return True
