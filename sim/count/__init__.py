"""The independent count: calls with every kind of ending on the real Asterisk, the engine killed on the way, and three
accounts of them laid side by side: SIPp's logs, Asterisk's own call detail records, and our records."""
