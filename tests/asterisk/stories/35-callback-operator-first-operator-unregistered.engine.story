# Originate to an AOR without contact

