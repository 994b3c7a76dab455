"""How a stack trains: the trainer, its losses, optimizers, penalties, pruning, stopping and distillation."""
