# warm transfer done by the operator phone itself: hold, second call to 1007, then REFER with Replaces

   0.42  A queued on 100, number +37061234567
   0.83  A offer 1 dialled
   0.83  A offer 1 rings
   0.83  phone 1001 busy
   1.23  A offer 1 answered
   2.28  phone 1007 busy
   4.20  A talk ended
   4.20  A passed on to 1007, consult
   4.20  A speaks with 1007
   4.20  phone 1001 idle
   8.69  A talk ended
   8.69  phone 1007 idle
  12.11  A gone
