"""The promise to call back, seen from the calendar: which moments may be promised, until when, to which number."""
