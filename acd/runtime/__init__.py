"""Where the engine meets time and the operating system: the driver, the control socket, the day's turn."""
