# 12 callers wait, engine stub killed with SIGKILL

   2.08  A queued on 103, number +37060000000
   2.26  B queued on 103, number +37060000001
   2.46  C queued on 103, number +37060000002
   2.63  D queued on 103, number +37060000003
   2.81  E queued on 103, number +37060000004
   2.94  F queued on 103, number +37060000005
   3.12  G queued on 103, number +37060000006
   3.30  H queued on 103, number +37060000007
   3.47  I queued on 103, number +37060000008
   3.65  J queued on 103, number +37060000009
   3.82  K queued on 103, number +37060000010
   3.99  L queued on 103, number +37060000011
   5.13  phone b0007 busy
   5.30  phone b0006 busy
   5.47  phone b0011 busy
   5.53  G answered in the fallback by b0007
   5.65  phone b0010 busy
   5.71  H answered in the fallback by b0006
   5.82  phone b0005 busy
   5.88  I answered in the fallback by b0011
   5.99  phone b0004 busy
   6.06  J answered in the fallback by b0010
   6.09  phone b0003 busy
   6.23  K answered in the fallback by b0005
   6.26  phone b0002 busy
   6.40  L answered in the fallback by b0004
   6.46  phone b0009 busy
   6.49  A answered in the fallback by b0003
   6.64  phone b0008 busy
   6.67  B answered in the fallback by b0002
   6.82  phone b0001 busy
   6.87  C answered in the fallback by b0009
   6.95  phone b0000 busy
   7.04  D answered in the fallback by b0008
   7.23  E answered in the fallback by b0001
   7.35  F answered in the fallback by b0000
  23.59  A gone
  23.59  A talk ended
  23.59  phone b0003 idle
  23.77  B gone
  23.77  B talk ended
  23.77  phone b0002 idle
  23.96  C talk ended
  23.96  phone b0009 idle
  23.96  C gone
  24.15  D talk ended
  24.15  D gone
  24.15  phone b0008 idle
  24.32  E gone
  24.32  E talk ended
  24.32  phone b0001 idle
  24.45  F talk ended
  24.45  F gone
  24.45  phone b0000 idle
  24.63  G gone
  24.63  G talk ended
  24.63  phone b0007 idle
  24.81  H gone
  24.81  H talk ended
  24.81  phone b0006 idle
  24.98  I gone
  24.98  I talk ended
  24.98  phone b0011 idle
  25.15  J gone
  25.15  J talk ended
  25.15  phone b0010 idle
  25.32  K gone
  25.32  K talk ended
  25.32  phone b0005 idle
  25.49  L gone
  25.49  L talk ended
  25.49  phone b0004 idle
