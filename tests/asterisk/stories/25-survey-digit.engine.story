# operator hangs up, caller presses 5 in the survey

   0.42  A queued on 100, number +37061234567
   0.82  A offer 1 dialled
   0.82  A offer 1 rings
   0.82  phone 1001 busy
   1.13  A offer 1 answered
   2.64  A talk ended
   2.64  phone 1001 idle
   4.62  A gone
