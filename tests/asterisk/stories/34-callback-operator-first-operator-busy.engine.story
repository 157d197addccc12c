# the operator phone answers 486 to the Originate

   0.81  phone 1002 busy
   1.11  phone 1002 idle
