"""What goes out to customers: rows that wait to be sent, the ways out, what came back, and where answers belong."""
