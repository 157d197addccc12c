"""The engine: ``handle(fact, now) -> commands + events``. No clock, socket, loop, database, randomness or log."""
