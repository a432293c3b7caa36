"""Demo data: what ``manage.py seed_demo`` creates.

``places`` and ``words`` contain names. ``people``, ``vehicles``, ``trips`` and ``calendars`` create unsaved rows, which
``logs`` fits into the existing history of their vehicles. ``named`` creates Carl and the demo accounts, and ``texts``
fills in the operator's documents. ``inserts`` writes rows inside a transaction, and ``seeding`` does everything in
batches.

Everything except times depends only on the seed. Ids come from ``Random(seed).getrandbits``, so that existing rows are
recognised by their ids and left unchanged, even if edited since. Times are relative to the time of seeding.
"""
