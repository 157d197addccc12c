# three callers wait, one talks; Status with Variables, CoreShowChannels, DeviceStateList, PJSIPShowContacts, PJSIPShowRegistrationInboundContactStatuses, QueueStatus, BridgeList

   0.42  A queued on 100, number +37061234567
   0.92  A offer 1 dialled
   0.93  phone 1001 busy
   0.93  A offer 1 rings
   1.23  A offer 1 answered
   1.85  B queued on 100, number +37060000003
   1.85  C queued on 100, number +37060000002
   1.85  D queued on 100, number +37060000004
   3.75  seen: 4 calls
           B wait on 100 since 1795301710.046
           C wait on 100 since 1795301710.047
           D wait on 100 since 1795301710.051
           A talk on 100 since 1795301708.617, offer 1 at 1001
  10.86  B gone
  10.86  C gone
  10.86  D gone
  15.43  A gone
  15.44  A talk ended
  15.44  phone 1001 idle
