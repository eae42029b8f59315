"""The core, alone: no subprocess, no socket, no sleep."""
