"""Where each table and row lives on a CockroachDB cluster across regions.

``places`` says where each table belongs, ``plan`` how a database gets there, ``cluster`` what it has now.
The command ``regions`` puts them together; docs/multi-region.md is for operators.
"""
