"""What those who lead look at and do: figures, alarms, staffing, people, rota, keys, master data."""
