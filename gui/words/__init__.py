"""The sentences of the interface, in five languages."""
