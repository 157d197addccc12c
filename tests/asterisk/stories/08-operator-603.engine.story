# operator presses reject: 603

   0.44  A queued on 100, number +37061234567
   0.44  A offer 1 dialled
   0.44  phone 1004 busy
   0.44  A offer 1 rings
   0.65  A offer 1 failed: rejected
   0.65  phone 1004 idle
   5.45  A gone
