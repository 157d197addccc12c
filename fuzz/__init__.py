"""Everything that reads what comes from outside, fed with what nobody foresaw."""
