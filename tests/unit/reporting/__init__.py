"""Reports made from journals that were never on a disk."""
