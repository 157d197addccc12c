# operator first; citizen says a short hello: AMD runs on the citizen leg in the Dial U() subroutine before bridging

   0.31  phone 1001 busy
   8.13  phone 1001 idle
