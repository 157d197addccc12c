# BYE and Redirect at about the same time, 20 tries with offsets -10..+9 ms

   0.42  A queued on 100, number +37061234567
   1.63  A gone
   1.75  B queued on 100, number +37061234567
   2.96  B gone
   3.07  C queued on 100, number +37061234567
   4.28  C gone
   4.40  D queued on 100, number +37061234567
   5.61  D gone
   5.72  E queued on 100, number +37061234567
   6.93  E gone
   7.05  F queued on 100, number +37061234567
   8.26  F gone
   8.37  G queued on 100, number +37061234567
   9.57  G gone
   9.69  H queued on 100, number +37061234567
  10.90  H gone
  11.01  I queued on 100, number +37061234567
  12.21  I gone
  12.32  J queued on 100, number +37061234567
  13.53  J gone
  13.64  K queued on 100, number +37061234567
  14.85  K gone
  14.97  L queued on 100, number +37061234567
  16.18  L gone
  16.29  M queued on 100, number +37061234567
  17.50  M gone
  17.61  N queued on 100, number +37061234567
  18.82  N gone
  18.96  O queued on 100, number +37061234567
  20.15  O gone
  20.28  P queued on 100, number +37061234567
  21.48  P gone
  21.60  Q queued on 100, number +37061234567
  22.81  Q gone
  22.93  R queued on 100, number +37061234567
  24.13  R gone
  24.25  S queued on 100, number +37061234567
  25.46  S gone
  25.58  T queued on 100, number +37061234567
  26.79  T gone
