"""One connected board: shell, push, pull, root, reboot, within a deadline."""
