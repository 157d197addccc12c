# `core stop gracefully` with 4 callers waiting and a live engine stub

   1.49  A queued on 103, number +37061234567
   1.49  B queued on 103, number +37061234567
   1.49  C queued on 103, number +37061234567
   1.49  D queued on 103, number +37061234567
  15.52  phone b0011 busy
  15.53  phone b0010 busy
  15.53  phone b0008 busy
  15.53  phone b0009 busy
  15.92  D answered in the fallback by b0011
  15.93  A answered in the fallback by b0008
  15.93  B answered in the fallback by b0009
  15.94  C answered in the fallback by b0010
