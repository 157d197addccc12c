# caller waits in acd-wait with music and hangs up

   0.43  A queued on 100, number +37061234567
   3.64  A gone
