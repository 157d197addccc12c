# operator phone answers 486

   0.42  A queued on 100, number +37061234567
   0.42  A offer 1 dialled
   0.42  A offer 1 rings
   0.42  phone 1002 busy
   0.73  A offer 1 failed: busy
   0.73  phone 1002 idle
   5.43  A gone
