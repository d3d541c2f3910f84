"""LLaMA 3.2: words in context to hidden states."""
