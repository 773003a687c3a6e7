"""How checkpoints become networks, whatever role they serve."""
