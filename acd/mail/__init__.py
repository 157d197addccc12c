"""Reports that are mailed by the clock: when each is due, the letter, and the way to the mail server."""
