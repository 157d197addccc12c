"""Puts the rooms together: the service, its settings, and the tools that an administrator needs beside it."""
