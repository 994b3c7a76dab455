"""How a stack trains: the loop, its losses, optimizers, penalties, pruning and teaching."""
