# Redirect to acd-offer-callback, caller presses 1 (SIP INFO)

   0.42  A queued on 100, number +37061234567
   3.93  A gone
