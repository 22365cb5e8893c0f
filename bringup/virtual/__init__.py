"""Virtual boards: a Debian kernel and Debian's adbd in QEMU, driven over QMP."""
