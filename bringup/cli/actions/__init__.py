"""What the commands do. A command's module has its signature only, and imports one of these when it runs."""
