"""What the commands do. A command imports one of these when it runs, so that the command line starts fast."""
