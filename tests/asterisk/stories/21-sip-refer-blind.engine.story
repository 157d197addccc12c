# operator phone sends SIP REFER (blind transfer to 1007); the dialplan set __TRANSFER_CONTEXT=second-line before Dial

   0.42  A queued on 100, number +37061234567
   0.92  A offer 1 dialled
   0.92  phone 1001 busy
   0.92  A offer 1 rings
   1.23  A offer 1 answered
   2.73  A talk ended
   2.73  phone 1001 idle
   2.73  phone 1007 busy
   5.64  A gone
   5.64  phone 1007 idle
