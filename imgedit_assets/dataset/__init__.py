"""The data set as a whole: statistics, gates, and what a release holds."""
