"""Where messages are written, and what goes with them."""
