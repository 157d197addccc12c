"""What exists: calls, operators and lines, and the three word classes spoken about them.

A *fact* is told to the engine, a *command* is what the engine wants done, an *event* is what has happened.
Nothing here knows a clock, a socket or a database.
"""
