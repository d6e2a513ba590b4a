"""Saving a conversation to a file: a page, JSON Lines or plain text. Knows no Tk."""
