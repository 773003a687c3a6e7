"""Releases: written, read back and verified, in the formats that the field loads."""
