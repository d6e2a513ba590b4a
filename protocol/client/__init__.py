"""The one client that speaks the protocol: what decides, what is kept, the network thread."""
