"""Asset checks, one module for each group."""
