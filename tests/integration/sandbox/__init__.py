"""The sandbox's ground, for real: root, podman and this machine's network."""
