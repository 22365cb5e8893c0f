"""What ``bringup heap`` does."""
