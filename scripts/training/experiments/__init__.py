"""What is measured to choose by."""
