# Redirect to an extension / context that does not exist: accepted, then the call is dropped

   0.42  A queued on 100, number +37061234567
   0.92  A gone
