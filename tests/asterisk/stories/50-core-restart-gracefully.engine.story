# core restart gracefully: one caller waits, one conversation; both end by themselves; then Asterisk re-executes itself and the client reconnects

   0.42  A queued on 100, number +37061234567
   0.93  A offer 1 dialled
   0.93  A offer 1 rings
   0.93  phone 1001 busy
   1.24  A offer 1 answered
   1.88  B queued on 100, number +37061234567
   6.88  B gone
   7.43  A gone
   7.43  A talk ended
   7.43  phone 1001 idle
