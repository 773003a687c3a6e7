"""Runs: outputs made once, judged once, scored as often as one likes, in one folder."""
