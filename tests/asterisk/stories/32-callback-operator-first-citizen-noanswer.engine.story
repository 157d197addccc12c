# citizen does not answer within Dial timeout 12 s

   0.81  phone 1001 busy
  13.12  phone 1001 idle
