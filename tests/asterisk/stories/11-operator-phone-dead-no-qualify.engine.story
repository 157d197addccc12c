# contact without qualify, nobody listens on the port: no reply to INVITE until Dial timeout

   0.41  A queued on 100, number +37061234567
   0.42  A offer 1 dialled
  10.42  A offer 1 failed: dead
  14.42  A gone
