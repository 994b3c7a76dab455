"""Stores runs and executes them: the store, the runner, its executors, and the requests of the dashboard."""
