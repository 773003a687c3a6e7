"""The report of one or more runs: Markdown, CSV, and a page that needs no network."""
