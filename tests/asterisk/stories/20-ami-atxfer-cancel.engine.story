# AMI Atxfer to 1003 (rings, no answer), then CancelAtxfer: operator is back with the caller

   0.42  A queued on 100, number +37061234567
   0.92  A offer 1 dialled
   0.92  A offer 1 rings
   0.92  phone 1001 busy
   1.23  A offer 1 answered
   5.24  phone 1003 busy
   6.54  phone 1003 idle
  10.23  A talk ended
  10.23  phone 1001 idle
  12.43  A gone
