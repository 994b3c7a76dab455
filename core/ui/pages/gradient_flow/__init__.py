"""The page of gradient flow."""
