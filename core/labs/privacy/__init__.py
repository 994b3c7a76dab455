"""What weights and gradients reveal about the training data."""
