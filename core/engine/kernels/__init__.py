"""Backward passes in closed form, where autograd would run more and smaller kernels."""
