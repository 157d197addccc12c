# operator phone answers 503

   0.43  A queued on 100, number +37061234567
   0.43  A offer 1 dialled
   0.43  A offer 1 rings
   0.43  phone 1004 busy
   0.64  A offer 1 failed: fault
   0.64  phone 1004 idle
   5.43  A gone
