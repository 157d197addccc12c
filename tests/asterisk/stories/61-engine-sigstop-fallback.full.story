# 12 callers wait, engine stub frozen with SIGSTOP

   2.01  A queued on 103, number +37060000000
   2.19  B queued on 103, number +37060000001
   2.36  C queued on 103, number +37060000002
   2.53  D queued on 103, number +37060000003
   2.71  E queued on 103, number +37060000004
   2.88  F queued on 103, number +37060000005
   3.05  G queued on 103, number +37060000006
   3.22  H queued on 103, number +37060000007
   3.40  I queued on 103, number +37060000008
   3.57  J queued on 103, number +37060000009
   3.75  K queued on 103, number +37060000010
   3.92  L queued on 103, number +37060000011
  10.89  phone b0009 busy
  11.06  phone b0008 busy
  11.23  phone b0003 busy
  11.29  F answered in the fallback by b0009
  11.41  phone b0002 busy
  11.47  G answered in the fallback by b0008
  11.58  phone b0011 busy
  11.64  H answered in the fallback by b0003
  11.75  phone b0010 busy
  11.81  I answered in the fallback by b0002
  11.93  phone b0007 busy
  11.99  J answered in the fallback by b0011
  12.02  phone b0006 busy
  12.16  K answered in the fallback by b0010
  12.20  phone b0001 busy
  12.33  L answered in the fallback by b0007
  12.37  phone b0000 busy
  12.43  A answered in the fallback by b0006
  12.54  phone b0005 busy
  12.60  B answered in the fallback by b0001
  12.71  phone b0004 busy
  12.77  C answered in the fallback by b0000
  12.94  D answered in the fallback by b0005
  13.12  E answered in the fallback by b0004
  23.52  A talk ended
  23.52  phone b0006 idle
  23.52  A gone
  23.70  B talk ended
  23.70  B gone
  23.70  phone b0001 idle
  23.87  C talk ended
  23.87  C gone
  23.87  phone b0000 idle
  24.04  D talk ended
  24.04  D gone
  24.04  phone b0005 idle
  24.22  E gone
  24.22  E talk ended
  24.22  phone b0004 idle
  24.38  F gone
  24.38  F talk ended
  24.39  phone b0009 idle
  24.56  G talk ended
  24.56  G gone
  24.56  phone b0008 idle
  24.73  H talk ended
  24.73  H gone
  24.73  phone b0003 idle
  24.91  I talk ended
  24.91  I gone
  24.91  phone b0002 idle
  25.08  J talk ended
  25.08  J gone
  25.08  phone b0011 idle
  25.25  K gone
  25.25  K talk ended
  25.25  phone b0010 idle
  25.43  L talk ended
  25.43  L gone
  25.43  phone b0007 idle
