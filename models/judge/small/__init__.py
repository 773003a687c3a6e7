"""The small trained judge of the embedded profile."""
