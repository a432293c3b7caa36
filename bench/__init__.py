"""What everyday actions cost: their statements, and the latency to expect across regions.

``script/bench locality`` writes the table in docs/multi-region.md, ``script/bench regions`` prints the model.
"""
