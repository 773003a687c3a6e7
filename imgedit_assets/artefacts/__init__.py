"""Folders of files that leave the graph: published once, told when stale, deleted when old."""
