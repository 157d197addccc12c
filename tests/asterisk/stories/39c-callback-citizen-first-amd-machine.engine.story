# citizen first; long greeting: MACHINE, dialplan hangs up

