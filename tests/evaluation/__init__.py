"""Metrics, probes and evaluations."""
