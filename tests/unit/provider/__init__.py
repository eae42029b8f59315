"""The stand-in aws plugin: what it decides without a cloud."""
