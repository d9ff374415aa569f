"""A shop small enough to read in a minute, for pipelines to test, scan and pack."""
