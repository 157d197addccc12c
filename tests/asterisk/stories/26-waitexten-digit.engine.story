# alternative waiting loop WaitExten(2,m(default)): caller presses 1 while music plays and the dialplan handles it natively

   0.42  A queued on d, number +37061234567
  10.43  A gone
