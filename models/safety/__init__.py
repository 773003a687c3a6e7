"""Safety filters."""
