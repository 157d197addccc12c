# three callers wait, one talks; Status with Variables, CoreShowChannels, DeviceStateList, PJSIPShowContacts, PJSIPShowRegistrationInboundContactStatuses, QueueStatus, BridgeList

   0.42  A queued on 100, number +37061234567
   0.92  A offer 1 dialled
   0.92  phone 1001 busy
   0.92  A offer 1 rings
   1.23  A offer 1 answered
   1.85  B queued on 100, number +37060000003
   1.85  C queued on 100, number +37060000002
   1.85  D queued on 100, number +37060000004
  10.85  B gone
  10.85  C gone
  10.86  D gone
  15.43  A gone
  15.43  A talk ended
  15.43  phone 1001 idle
