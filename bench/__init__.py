"""The benchmarks: each figure as a ratio against a reference peer measured in the same run."""
