# Redirect sent for a channel that is already gone (by Uniqueid and by name)

   0.41  A queued on 100, number +37061234567
   1.92  A gone
