"""How examples become the parts that a network sees: reading, judging columns, splitting, encoding."""
