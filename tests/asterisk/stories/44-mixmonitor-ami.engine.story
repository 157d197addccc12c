# MixMonitor started, muted (PauseMixMonitor/MixMonitorMute) and stopped over AMI during a conversation

   0.42  A queued on 100, number +37061234567
   0.93  A offer 1 dialled
   0.93  phone 1001 busy
   0.93  A offer 1 rings
   1.24  A offer 1 answered
   8.42  A gone
   8.42  A talk ended
   8.42  phone 1001 idle
