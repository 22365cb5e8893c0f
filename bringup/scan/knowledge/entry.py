"""One name of ION: what it is, whose it is, what it asks for, and by which source."""

from __future__ import annotations

import enum

from msgspec import Struct

__all__ = ["Asks", "Entry", "Kind", "Owner", "Source"]


class Kind(enum.StrEnum):
    """What a name is: where it can stand, and how it is recognised there."""

    FUNCTION = "function"
    #: A structure, a type or an enumeration.
    STRUCTURE = "structure"
    IOCTL = "ioctl"
    ID = "id"
    MASK = "mask"
    FLAG = "flag"
    #: A field, a macro or a constant that is none of the above.
    OTHER = "other"
    HEADER = "header"
    LIBRARY = "library"
    MODULE = "module"
    NODE = "node"
    #: A file or folder of sysfs, debugfs, tracefs or procfs.
    SYSFS = "sysfs"
    SELINUX = "SELinux type"
    KCONFIG = "Kconfig symbol"
    COMPATIBLE = "compatible"
    SWITCH = "build switch"
    CODEC2 = "Codec2 class"
    PROPERTY = "property"
    #: A heap's name in ION, in a string.
    HEAP_NAME = "heap name"
    #: A method of Java or Kotlin.
    METHOD = "method"
    #: A source folder or repository.
    FOLDER = "folder"


class Owner(enum.StrEnum):
    """Who defined a name."""

    ION = "ion"
    QUALCOMM = "qualcomm"
    SAMSUNG = "samsung"
    GOOGLE = "google"
    MEDIATEK = "mediatek"
    HISILICON = "hisilicon"
    ROCKCHIP = "rockchip"
    AMLOGIC = "amlogic"
    NXP = "nxp"
    SPREADTRUM = "spreadtrum"
    ALLWINNER = "allwinner"
    TI = "ti"
    RENESAS = "renesas"


class Asks(Struct, frozen=True, omit_defaults=True):
    """What a mask, an id, a flag or a heap's name asks the allocator for. ``None``: it says nothing of this.

    :param heap: which kind of heap: ``system``, ``cma``, ``carveout``, ``chunk``, ``vendor``.
    :param cached: CPU mappings are cached, or must not be.
    :param protected: the CPU of the non-secure world must not read it.
    :param contiguous: physically contiguous memory.
    :param nothing: it has no meaning with DMA-BUF heaps: it is dropped.
    """

    heap: str | None = None
    cached: bool | None = None
    protected: bool = False
    contiguous: bool = False
    nothing: bool = False


class Source(Struct, frozen=True):
    """Where a fact was read.

    :param text: repository, commit and file, or release and file; several with "; " between them.
    :param read: the day it was read, YYYY-MM-DD.
    """

    text: str
    read: str


class Entry(Struct, frozen=True, omit_defaults=True):
    """One name.

    :param name: as it is written; a ``*`` in it stands for one or more characters.
    :param rule: the id of the rule that explains it.
    :param source: a key of the sources.
    :param heap: the DMA-BUF heap that its own vendor's code uses instead.
    :param user: what replaces it in user space; empty: what the rule says.
    :param kernel: what replaces it in the kernel; empty: what the rule says.
    :param shared: other projects have this name, too: it counts where nothing says that it is theirs.
    :param beside: it never stands alone: a file that has it has another name of ION, by which the file is found.
    """

    name: str
    kind: Kind
    owner: Owner
    rule: str
    source: str
    asks: Asks = Asks()
    heap: str | None = None
    user: tuple[str, ...] = ()
    kernel: tuple[str, ...] = ()
    shared: bool = False
    beside: bool = False

    @property
    def is_family(self) -> bool:
        """Whether it stands for several names."""
        return "*" in self.name
