"""What the arm64 boards share: QEMU's machine "virt", Debian's programs, properties."""

from __future__ import annotations

__all__ = ["PACKAGES", "machine", "properties"]

PACKAGES = ("adbd", "mksh", "toybox", "chiark-really")


def machine(cpu: str) -> tuple[str, ...]:
    """QEMU's arguments for a "virt" machine with that CPU."""
    return (
        *("-M", "virt", "-accel", "tcg,thread=multi", "-cpu", cpu),
        *("-device", "virtio-net-device,netdev=net0"),
    )


def properties(name: str) -> tuple[tuple[str, str], ...]:
    """Properties of the board with that profile name."""
    return (
        ("ro.product.cpu.abi", "arm64-v8a"),
        ("ro.product.cpu.abilist", "arm64-v8a"),
        ("ro.product.brand", "bringup"),
        ("ro.product.manufacturer", "bringup"),
        ("ro.product.model", f"bringup virtual {name}"),
        ("ro.product.name", f"bringup_{name.replace('-', '_')}"),
        ("ro.product.device", name),
        ("ro.product.board", "virt"),
        ("ro.board.platform", "virt"),
        ("ro.hardware", "virt"),
        ("ro.build.type", "userdebug"),
        ("ro.build.tags", "test-keys"),
        ("ro.build.id", "trixie"),
        ("ro.debuggable", "1"),
        ("ro.secure", "0"),
        ("ro.adb.secure", "0"),
    )
