"""Region rules."""
