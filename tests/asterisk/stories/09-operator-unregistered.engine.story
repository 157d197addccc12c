# AOR without any contact

   0.43  A queued on 100, number +37061234567
   0.44  A offer 1 failed: unreachable
   3.44  A gone
