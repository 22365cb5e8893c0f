"""``python -m bringup``."""

from bringup.cli.entry import main

main()
