# callback: Originate to citizen first; on answer AMD, acd-wait, engine redirects to operator

   6.12  A queued on cb, number 1820
   6.13  A offer 7 dialled
   6.13  A offer 7 rings
   6.13  phone 1001 busy
   6.64  A offer 7 answered
   9.64  A talk ended
   9.64  phone 1001 idle
  13.07  A gone
