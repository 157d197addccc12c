# operator 1005 registers, is dialled, phone unregisters while ringing and never answers

   0.41  phone 1005 idle
   1.05  A queued on 100, number +37061234567
   1.05  A offer 1 dialled
   1.05  A offer 1 rings
   1.05  phone 1005 busy
  11.05  A offer 1 failed: ring_no_answer
  11.05  phone 1005 unreachable
  15.05  A gone
