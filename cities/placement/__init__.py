"""The placement of tables and rows on a multi-region CockroachDB cluster.

``places`` says where each table belongs, ``plan`` how to get there, and ``cluster`` what the database has now. The
``regions`` command combines them. For operators, see docs/multi-region.md.
"""
