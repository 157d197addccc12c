# callback: Originate to operator, on answer dialplan dials the citizen; both talk; citizen hangs up

   0.31  phone 1001 busy
   5.64  phone 1001 idle
