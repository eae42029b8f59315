"""Every rendering of a report, given the same reports."""
