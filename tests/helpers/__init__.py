"""What tests, benchmarks and docs share."""
