"""Storage, engine, profiles and sources: everything that touches disk, network or environment."""
