# core stop now with one caller waiting and one conversation

   0.42  A queued on 100, number +37061234567
   0.93  A offer 1 dialled
   0.93  phone 1001 busy
   0.93  A offer 1 rings
   1.24  A offer 1 answered
   1.86  B queued on 100, number +37061234567
   3.27  A gone
   3.27  B gone
   3.27  A talk ended
   3.27  phone 1001 idle
