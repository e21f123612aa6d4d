"""Figures as pure functions: what a timeline says, how waits are summed up, what staffing they ask for."""
