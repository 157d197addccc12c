# kill -9 of Asterisk with one caller waiting and one conversation

   0.42  A queued on 100, number +37061234567
   0.92  A offer 1 dialled
   0.92  A offer 1 rings
   0.92  phone 1001 busy
   1.23  A offer 1 answered
