"""Who gets whom: pure functions in the language of the trade, called from exactly one place in the engine."""
