"""The page of distillation."""
