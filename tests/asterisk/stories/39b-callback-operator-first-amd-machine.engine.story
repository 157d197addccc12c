# operator first; long greeting: AMD says MACHINE, GOSUB_RESULT=NO drops the citizen leg

   0.31  phone 1001 busy
   2.66  phone 1001 idle
