"""The page of distributed SGD: a parameter server and its workers, on a simulated clock."""
