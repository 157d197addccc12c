"""The faults that the person at the terminal can mend."""


class Mendable(Exception):
    """Something in a file, a setting or a request is wrong. The text says what and where, and needs no traceback."""
