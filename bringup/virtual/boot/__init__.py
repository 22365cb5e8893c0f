"""What a virtual board starts with: its file system and its device tree."""
