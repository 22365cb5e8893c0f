"""Virtual boards that run: QEMU, its QMP socket, and what is known of them."""
