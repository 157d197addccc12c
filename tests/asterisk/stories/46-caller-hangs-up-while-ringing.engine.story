# caller hangs up while the operator phone is ringing

   0.43  A queued on 100, number +37061234567
   0.94  A offer 1 dialled
   0.94  A offer 1 rings
   0.94  phone 1003 busy
   3.94  A gone
   3.94  phone 1003 idle
