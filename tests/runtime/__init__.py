"""The process and the machine."""
