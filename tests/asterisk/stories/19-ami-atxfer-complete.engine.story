# AMI Atxfer by the operator leg to 1007; operator hangs up after consultation -> attended transfer completes

   0.42  A queued on 100, number +37061234567
   0.92  A offer 1 dialled
   0.92  phone 1001 busy
   0.92  A offer 1 rings
   1.23  A offer 1 answered
   5.25  phone 1007 busy
   8.23  A talk ended
   8.23  A passed on to somebody, consult
   8.24  phone 1001 idle
  14.66  phone 1007 idle
  15.43  A gone
