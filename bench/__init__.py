"""Benchmarks: the cost of everyday actions, in statements, CPU time and expected latency across regions.

``script/bench locality`` writes the table in docs/multi-region.md, ``script/bench regions`` prints the model.
"""
