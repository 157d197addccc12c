# 6 callers wait, engine killed, callers fall into Queue() and ring, new engine adopts all by Status and redirects them out of Queue

   1.79  A queued on 103, number +37060000000
   2.19  B queued on 103, number +37060000001
   2.59  C queued on 103, number +37060000002
   3.00  D queued on 103, number +37060000003
   3.40  E queued on 103, number +37060000004
   3.80  F queued on 103, number +37060000005
   8.60  phone b0006 busy
   8.60  A offer 20 dialled
   8.60  B offer 21 dialled
   8.60  A offer 20 rings
   8.60  phone b0020 busy
   8.60  B offer 21 rings
   8.60  phone b0021 busy
   8.61  phone b0006 idle
   8.61  phone b0022 busy
   8.61  C offer 22 dialled
   8.61  C offer 22 rings
   8.62  phone b0023 busy
   8.62  D offer 23 dialled
   8.62  D offer 23 rings
   8.62  E offer 24 dialled
   8.62  phone b0024 busy
   8.62  E offer 24 rings
   8.62  F offer 25 dialled
   8.62  phone b0025 busy
   8.62  F offer 25 rings
   8.90  B offer 21 answered
   8.91  A offer 20 answered
   8.91  C offer 22 answered
   8.91  D offer 23 answered
   8.91  E offer 24 answered
   8.92  F offer 25 answered
  27.29  A gone
  27.29  A talk ended
  27.29  phone b0020 idle
  27.69  B gone
  27.69  B talk ended
  27.69  phone b0021 idle
  28.10  C talk ended
  28.10  C gone
  28.10  phone b0022 idle
  28.51  D gone
  28.51  D talk ended
  28.51  phone b0023 idle
  28.90  E gone
  28.90  E talk ended
  28.90  phone b0024 idle
  29.31  F gone
  29.31  F talk ended
  29.31  phone b0025 idle
