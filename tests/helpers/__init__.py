"""Parts that tests, benchmarks and docs share."""
