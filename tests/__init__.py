"""Tests, mirroring the packages; integration and benchmarks in folders of their own."""
