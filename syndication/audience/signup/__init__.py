"""How a stranger's wish to subscribe is met: its words, its stamp, its limits, and the work asked for under attack."""
