"""How fast the product is beside Asterisk's own ``Queue()``, and how much of the machine it needs."""
