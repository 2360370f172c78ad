"""Computations of the teaching pages."""
