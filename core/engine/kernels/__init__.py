"""Backward passes in closed form, where autograd would take more and smaller steps."""
