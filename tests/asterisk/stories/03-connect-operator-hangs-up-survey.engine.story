# operator hangs up, caller continues in dialplan (Dial g): Read() times out, then Hangup()

   0.42  A queued on 100, number +37061234567
   0.92  A offer 1 dialled
   0.92  phone 1001 busy
   0.92  A offer 1 rings
   1.23  A offer 1 answered
   3.23  A talk ended
   3.23  phone 1001 idle
   6.66  A gone
