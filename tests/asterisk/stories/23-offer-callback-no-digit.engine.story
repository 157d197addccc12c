# Redirect to acd-offer-callback, caller presses nothing

   0.42  A queued on 100, number +37061234567
   9.42  A gone
