"""The edit types."""
