"""What optimizers do: on surfaces, on made problems, and what a step costs."""
