# caller is redirected out of Dial while the operator phone rings: CANCEL to the operator

   0.42  A queued on 100, number +37061234567
   0.42  A offer 1 dialled
   0.42  phone 1003 busy
   0.42  A offer 1 rings
   1.43  phone 1003 idle
   8.43  A gone
