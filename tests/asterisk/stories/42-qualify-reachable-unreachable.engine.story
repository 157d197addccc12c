# qualified contact 1006 becomes reachable, then not (OPTIONS every 2 s)

   0.74  phone 1006 idle
   9.24  phone 1006 unreachable
