"""What a run came to, worked out from its journal alone: clocks, losses, verdicts, the report.

Everything here is a pure function of the records: no clock, no file, no tool. The same journal
gives the same report, years later as on the night.
"""
