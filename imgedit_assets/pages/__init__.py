"""Pages over a home, for the browser: pairs, one sample, the leaderboard, the data set."""
