"""Judges: who looks at a source and its edit, and what they answer."""
