# AMI BlindTransfer of the operator leg to second-line,1007

   0.42  A queued on 100, number +37061234567
   0.92  A offer 1 dialled
   0.92  phone 1001 busy
   0.92  A offer 1 rings
   1.23  A offer 1 answered
   1.73  A talk ended
   1.74  phone 1001 idle
   1.74  phone 1007 busy
   5.15  A gone
   5.15  phone 1007 idle
