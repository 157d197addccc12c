# unknown action, missing header, too long line, too many headers, bad channel, missing permission, duplicate ActionID

