# the operator does not answer the Originate (Timeout 5 s)

   0.81  phone 1003 busy
   5.31  phone 1003 idle
