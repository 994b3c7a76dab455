"""What is exactly true of networks and of their training, each with the largest error that float64 leaves of it.

Every module has `errors(seed)`: the name of each identity and how far off it is on a problem drawn from the seed.
"""
