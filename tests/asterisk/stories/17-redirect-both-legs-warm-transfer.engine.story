# dual Redirect: caller -> hold with music, operator -> Dial second line 1007, then caller redirected to second line bridge by engine

   0.42  A queued on 100, number +37061234567
   0.93  A offer 1 dialled
   0.93  A offer 1 rings
   0.93  phone 1001 busy
   1.23  A offer 1 answered
   1.75  phone 1007 busy
   4.16  A talk ended
   4.16  phone 1001 idle
  11.16  phone 1007 idle
  14.43  A gone
