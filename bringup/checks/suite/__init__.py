"""The checks, one file per subject. The registry imports every file in this folder; there is no list to add it to."""
