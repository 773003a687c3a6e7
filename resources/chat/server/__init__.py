"""A scripted server that speaks OpenAI's protocol: it answers, and fails, as it is told to."""
