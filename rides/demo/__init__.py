"""The demo's data: what ``manage.py seed_demo`` puts on the road.

``places`` and ``words`` say what things are called, ``people``, ``vehicles``, ``trips`` and ``calendars`` make rows
that are not saved yet, ``logs`` fits them into what has happened to their vehicles, ``named`` knows Carl and those
who can log in, ``inserts`` writes rows inside a transaction, and ``seeding`` does all of it in batches.

Everything but the moments comes from the seed: ids from ``Random(seed).getrandbits``, so that what is there
already is known by its id and left as it is, whatever has become of it since. Moments are counted back from
the time of seeding.
"""
