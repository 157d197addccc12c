# 10 calls; for each two Redirects in one TCP write: 1st to acd-announce, 2nd to acd-connect

   0.42  A queued on 100, number +37061234567
   0.92  A offer 2 dialled
   0.92  phone 1001 busy
   0.92  A offer 2 rings
   1.13  A offer 2 answered
   2.63  A talk ended
   2.63  phone 1001 idle
   3.93  A gone
   4.34  B queued on 100, number +37061234567
   4.85  B offer 2 dialled
   4.85  B offer 2 rings
   4.85  phone 1001 busy
   5.05  B offer 2 answered
   6.56  B talk ended
   6.56  phone 1001 idle
   7.85  B gone
   8.27  C queued on 100, number +37061234567
   8.77  C offer 2 dialled
   8.77  phone 1001 busy
   8.77  C offer 2 rings
   8.98  C offer 2 answered
  10.48  C talk ended
  10.48  phone 1001 idle
  11.77  C gone
  12.20  D queued on 100, number +37061234567
  12.71  D offer 2 dialled
  12.71  D offer 2 rings
  12.71  phone 1001 busy
  12.91  D offer 2 answered
  14.42  D talk ended
  14.42  phone 1001 idle
  15.71  D gone
  16.13  E queued on 100, number +37061234567
  19.63  E gone
  20.05  F queued on 100, number +37061234567
  20.56  F offer 2 dialled
  20.56  phone 1001 busy
  20.56  F offer 2 rings
  20.77  F offer 2 answered
  22.27  F talk ended
  22.27  phone 1001 idle
  23.56  F gone
  23.99  G queued on 100, number +37061234567
  27.50  G gone
  27.93  H queued on 100, number +37061234567
  28.43  H offer 2 dialled
  28.43  phone 1001 busy
  28.43  H offer 2 rings
  28.64  H offer 2 answered
  30.14  H talk ended
  30.14  phone 1001 idle
  31.43  H gone
  31.87  I queued on 100, number +37061234567
  35.37  I gone
  35.81  J queued on 100, number +37061234567
  36.33  J offer 2 dialled
  36.33  phone 1001 busy
  36.33  J offer 2 rings
  36.53  J offer 2 answered
  38.04  J talk ended
  38.04  phone 1001 idle
  39.32  J gone
