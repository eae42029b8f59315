"""The same cases against what the engine acts through and against the fakes of it."""
