#!/bin/sh
# Tests with coverage; both reports are written whether tests pass or not.
mkdir -p reports
python3 -m coverage run --source shop -m pytest -q --junitxml=reports/junit.xml tests
code=$?
python3 -m coverage json -q -o reports/coverage.json
exit $code
