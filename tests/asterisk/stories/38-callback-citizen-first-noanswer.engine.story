# citizen does not answer within Originate Timeout 5 s

