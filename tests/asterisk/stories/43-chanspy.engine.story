# supervisor 1008 listens to operator 1001 (Originate -> ChanSpy(PJSIP/1001)), then hangs up

   0.42  A queued on 100, number +37061234567
   0.92  A offer 1 dialled
   0.92  A offer 1 rings
   0.92  phone 1001 busy
   1.23  A offer 1 answered
   2.23  phone 1008 busy
   9.42  A gone
   9.42  A talk ended
   9.42  phone 1008 idle
   9.42  phone 1001 idle
