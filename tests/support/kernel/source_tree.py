"""A small kernel source tree, as its files."""

from __future__ import annotations

SOURCE_TREE = {
    "Makefile": "VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 7\nEXTRAVERSION = -rc1\n",
    "Kconfig": """\
mainmenu "Test"
greeting := $(shell,echo)
source "arch/$(SRCARCH)/Kconfig"
source "drivers/Kconfig"
source "$(KCONFIG_EXT_PREFIX)Kconfig.ext"
source "missing/Kconfig"
source "../outside"
""",
    "arch/arm64/Kconfig": """\
config ARM64
\tdef_bool y
\tselect HAVE_DMA_CONTIGUOUS
\tselect NEEDLESS if BROKEN

config HAVE_DMA_CONTIGUOUS
\tbool

config MMU
\tdef_bool y
""",
    "arch/x86/Kconfig": "config X86\n\tdef_bool y\n",
    "drivers/Kconfig": """\
menu "Drivers"
\tdepends on MMU

# a comment
menuconfig DMABUF_HEAPS
\tbool "DMA-BUF heaps" # with a comment behind it
\tselect DMA_SHARED_BUFFER
\thelp
\t  Text that looks like Kconfig:
\t  config NOT_A_SYMBOL
\t\tbool "no"

\t  select NOTHING

if DMABUF_HEAPS

config DMABUF_HEAPS_SYSTEM
\ttristate "System heap"

config DMABUF_HEAPS_CMA
\ttristate
\tprompt "CMA heap"
\tdepends on DMA_CMA && \\
\t\tCMA

endif

config DMA_SHARED_BUFFER
\tbool
\tdefault n

config CMA
\tbool "CMA"

config DMA_CMA
\tbool "DMA CMA"
\tdepends on HAVE_DMA_CONTIGUOUS && CMA
\tdepends on EXPERT if PARANOID

config CMA_SIZE
\tint "Size"
\trange 0 64 if CMA
\tdefault 0 if X86
\tdefault 16
\tunheard_of attribute

choice
\tprompt "Unit"
\tdefault UNIT_M
config UNIT_K
\tbool "K"
config UNIT_M
\tbool "M"
endchoice

config HELPER
\tbool "Helper"

config USER
\ttristate "User"
\timply HELPER

config TWICE
\tbool "first"
\tdepends on CMA
config TWICE
\tbool
\tdepends on USER

endmenu
""",
}
