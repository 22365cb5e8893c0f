"""What ``bringup kconfig`` does."""
