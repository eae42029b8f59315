"""The tests of drkit, by kind."""
