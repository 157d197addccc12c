# conversation up, Redirect of the caller leg only: operator leg is hung up

   0.42  A queued on 100, number +37061234567
   0.92  A offer 1 dialled
   0.92  A offer 1 rings
   0.92  phone 1001 busy
   1.23  A offer 1 answered
   1.73  A talk ended
   1.73  phone 1001 idle
   8.43  A gone
