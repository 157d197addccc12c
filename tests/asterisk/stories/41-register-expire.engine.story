# operator 1005 registers with 5 s expiry and lets it expire

   0.41  phone 1005 idle
