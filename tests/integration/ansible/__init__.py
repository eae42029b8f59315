"""Playbooks on this machine by the real ansible-runner, as steps of a run."""
