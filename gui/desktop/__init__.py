"""What the desktop around the window offers: notifications, sound, clipboard, theme."""
