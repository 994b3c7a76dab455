"""What weights and gradients give away of the training data."""
