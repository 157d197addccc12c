"""The fault laboratory: the product on a real Asterisk with callers and operators, faults at random moments, and a
judge who knows the telephones' own records and the database, and nothing else."""
