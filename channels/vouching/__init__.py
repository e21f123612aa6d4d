"""Our own checks of where a mail comes from (SPF, DKIM, DMARC), an optional extra for a door on the internet itself.

Nothing here is loaded unless it is asked for; the work is done in a process of its own.
"""
