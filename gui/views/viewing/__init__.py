"""Looking at pictures and long texts, saving and opening files."""
