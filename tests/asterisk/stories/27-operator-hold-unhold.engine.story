# operator phone holds the caller by re-INVITE sendonly, resumes after 2 s, hangs up

   0.42  A queued on 100, number +37061234567
   0.83  A offer 1 dialled
   0.83  phone 1001 busy
   0.83  A offer 1 rings
   1.23  A offer 1 answered
   5.25  A talk ended
   5.26  phone 1001 idle
   8.68  A gone
