# citizen answers 486 to the Originate

