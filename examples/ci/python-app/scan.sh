#!/bin/sh
# Ruff's security rules; what they find is judged at the end of the run, not here.
mkdir -p reports
ruff check --isolated --select S --exit-zero --output-format sarif --output-file reports/scan.sarif shop
