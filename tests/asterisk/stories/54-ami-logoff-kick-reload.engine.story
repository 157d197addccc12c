# Logoff action; manager kick session; manager reload with a live session; wrong password; Challenge/MD5 login; events off/on

