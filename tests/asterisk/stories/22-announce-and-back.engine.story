# Redirect to acd-announce (SayNumber) and dialplan returns to acd-wait with the same T0

   0.42  A queued on 100, number +37061234567
   6.42  A gone
