"""One sample: where it came from, what came of it, its page, and its quarantine."""
