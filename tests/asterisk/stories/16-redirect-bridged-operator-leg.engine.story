# conversation up, Redirect of the operator leg only: caller falls out of Dial (g) into survey

   0.41  A queued on 100, number +37061234567
   0.92  A offer 1 dialled
   0.92  A offer 1 rings
   0.92  phone 1001 busy
   1.23  A offer 1 answered
   1.74  A talk ended
   5.17  A gone
  10.23  phone 1001 idle
