"""The trainer and what it records."""
