"""What the window knows of a chat, and what one does in it. Knows no Tk."""
