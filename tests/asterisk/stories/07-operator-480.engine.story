# operator phone answers 480 (do-not-disturb on many phones)

   0.43  A queued on 100, number +37061234567
   0.43  A offer 1 dialled
   0.43  A offer 1 rings
   0.43  phone 1004 busy
   0.65  A offer 1 failed: rejected
   0.65  phone 1004 idle
   5.44  A gone
