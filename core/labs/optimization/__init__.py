"""What optimizers do on surfaces and made problems, and the cost of a step."""
