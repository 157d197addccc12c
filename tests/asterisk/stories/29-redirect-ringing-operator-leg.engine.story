# operator phone rings; Redirect is (wrongly) sent for the unanswered operator leg

   0.44  A queued on 100, number +37061234567
   0.45  A offer 1 dialled
   0.45  A offer 1 rings
   0.45  phone 1003 busy
   1.45  A offer 1 failed: fault
   5.95  phone 1003 idle
   8.45  A gone
