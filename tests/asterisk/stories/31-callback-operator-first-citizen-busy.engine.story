# citizen answers 486

   0.31  phone 1001 busy
   1.13  phone 1001 idle
