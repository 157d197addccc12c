# operator phone rings, Dial timeout 10 s, CANCEL

   0.42  A queued on 100, number +37061234567
   0.42  A offer 1 dialled
   0.42  phone 1003 busy
   0.42  A offer 1 rings
  10.42  A offer 1 failed: ring_no_answer
  10.42  phone 1003 idle
  14.42  A gone
