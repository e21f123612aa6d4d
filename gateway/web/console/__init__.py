"""The agents' console: queues, cases with everything known about them, verbs as forms, their telephone."""
