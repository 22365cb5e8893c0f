"""What all boards share: Debian 13's programs, and the properties of an Android build that anyone may debug."""

from __future__ import annotations

__all__ = ["NO_CRYPTO_TESTS", "PROGRAMS", "SUITE", "properties"]

SUITE = "trixie"
#: Debian's kernels test their ciphers at boot (crypto/algboss.c of 6.12). On a busy emulator that takes so long that
#: the kernel gives up its certificates (error -110), and then takes its own modules for unsigned.
NO_CRYPTO_TESTS = "cryptomgr.notests"
PROGRAMS = ("adbd", "mksh", "toybox", "chiark-really")


def properties(name: str, abi: str, machine: str) -> tuple[tuple[str, str], ...]:
    """The board's properties.

    :param abi: Android's name of the architecture.
    :param machine: QEMU's name of the machine.
    """
    return (
        ("ro.product.cpu.abi", abi),
        ("ro.product.cpu.abilist", abi),
        ("ro.product.brand", "bringup"),
        ("ro.product.manufacturer", "bringup"),
        ("ro.product.model", f"bringup virtual {name}"),
        ("ro.product.name", f"bringup_{name.replace('-', '_')}"),
        ("ro.product.device", name),
        ("ro.product.board", machine),
        ("ro.board.platform", machine),
        ("ro.hardware", machine),
        ("ro.build.type", "userdebug"),
        ("ro.build.tags", "test-keys"),
        ("ro.build.id", SUITE),
        ("ro.debuggable", "1"),
        ("ro.secure", "0"),
        ("ro.adb.secure", "0"),
    )
