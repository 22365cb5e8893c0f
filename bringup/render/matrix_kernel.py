"""The kernel version that a framework compatibility matrix of AOSP names, by kernel series and Android release."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["MatrixKernel", "matrix_kernel"]

#: Kernel series → Android release → the last number of ``minlts``. Source: kernel/configs, the first line of
#: r/, s/, t/, u/, v/, b/ and c/android-X.Y/android-base-conditional.xml.
_MINLTS = {
    "4.14": {11: 180},
    "4.19": {11: 110, 12: 191},
    "5.4": {11: 61, 12: 86},
    "5.10": {12: 43, 13: 107},
    "5.15": {13: 41, 14: 0},
    "6.1": {14: 0, 15: 0},
    "6.6": {15: 0, 16: 0},
    "6.12": {16: 0, 17: 0},
}


@dataclass(frozen=True, slots=True)
class MatrixKernel:
    """The ``version`` to ask for, and in a sentence (``remark``) which others there are."""

    version: str
    remark: str


def matrix_kernel(series: str, branch: str | None) -> MatrixKernel:
    """The version for a kernel built from ``branch`` (``android13-5.10``); by default that of the newest Android.

    libvintf adds a fragment to the matrix's own <kernel> of the same series only if the whole version is equal
    (system/libvintf, CompatibilityMatrix.cpp: addKernel, "Kernel version mismatch").
    """
    known = _MINLTS.get(series, {})
    release = re.match(r"android(\d{1,3})-", branch or "")
    android = int(release[1]) if release else max(known, default=0)
    if android not in known:
        reason = f"for Android {release[1]} on {series}" if release else f"for {series}"
        return MatrixKernel(f"{series}.0", f"AOSP has no matrix {reason} that is known here: compare the version.")
    names = ", ".join(f"{series}.{patch} (Android {version})" for version, patch in known.items())
    remark = f"The version must be that of the matrix this is added to. AOSP's matrices have {names}."
    return MatrixKernel(f"{series}.{known[android]}", remark)
