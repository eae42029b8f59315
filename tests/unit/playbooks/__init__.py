"""What every playbook is told."""
