"""What somebody has who installed the wheel, and nothing of this repository."""
