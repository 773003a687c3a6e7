"""Debug-size checkpoints of every architecture, in the layout that a hub download has."""
