"""Monitors of recorded runs: charts, alarms, and how well they tell faults."""
