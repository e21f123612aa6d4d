"""What drivers see without a log-in: help, reports, status, news, visits."""
