"""The chat client: language models behind an OpenAI-compatible endpoint."""
