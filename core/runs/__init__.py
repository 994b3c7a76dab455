"""Keeps runs and executes them: the store, the runner, its executors, and what the dashboard asks of them."""
