"""What a run keeps on this machine: its folder, its ssh files, its certificate."""
