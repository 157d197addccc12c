# Redirect to Dial, operator answers, caller hangs up

   0.42  A queued on 100, number +37061234567
   0.93  A offer 1 dialled
   0.93  A offer 1 rings
   0.93  phone 1001 busy
   1.24  A offer 1 answered
   4.43  A gone
   4.43  A talk ended
   4.43  phone 1001 idle
