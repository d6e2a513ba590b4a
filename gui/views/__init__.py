"""What people see: widgets that show the model and tell the controller what was asked."""
