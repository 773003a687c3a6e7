"""Services that edit pictures: OpenAI's and Gemini's, asked as chat models are."""
