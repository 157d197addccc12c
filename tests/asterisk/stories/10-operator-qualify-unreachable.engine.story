# contact marked Unreachable by qualify

   0.42  A queued on 100, number +37061234567
   0.42  A offer 1 failed: unreachable
   3.43  A gone
