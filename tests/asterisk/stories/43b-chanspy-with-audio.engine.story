# as 43 but all three phones send RTP; whisper switched on by ChanSpy(w)

   0.41  A queued on 100, number +37061234567
   0.92  A offer 1 dialled
   0.92  A offer 1 rings
   0.92  phone 1001 busy
   1.22  A offer 1 answered
   2.23  phone 1008 busy
   5.49  phone 1008 idle
   9.42  A gone
   9.42  A talk ended
   9.42  phone 1001 idle
