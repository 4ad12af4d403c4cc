"""A scripted year of invented news, a feed server that shows it, and a mailbox: the parts of `haiti-monitor demo`."""
