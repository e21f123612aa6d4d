"""The processes of an installation and the servers they bring along: made, watched, told to stop, and what they say."""
