"""Campaigns in which people rate pictures: who sees what, what they say, and how far they agree."""
