"""``python -m acd`` is ``acd``."""

from acd.cli import main

main()
