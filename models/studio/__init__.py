"""Studio scenes: illustrated scenes whose whole truth is known."""
