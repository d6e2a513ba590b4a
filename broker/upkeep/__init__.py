"""What whoever runs a server does to it: copies, restores, and a doctor who looks at it."""
