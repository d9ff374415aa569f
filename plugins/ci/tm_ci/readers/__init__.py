"""One small file per kind of report: bytes in, values by name out, nothing else touched."""
