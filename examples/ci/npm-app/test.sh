#!/bin/sh
# Node's own test runner writes both reports: JUnit's and lcov's.
mkdir -p reports
node --test --experimental-test-coverage \
  --test-reporter=junit --test-reporter-destination=reports/junit.xml \
  --test-reporter=lcov --test-reporter-destination=reports/lcov.info test/*.test.js
