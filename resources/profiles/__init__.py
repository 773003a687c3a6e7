"""Profiles: TOML files that bind roles to backends."""
