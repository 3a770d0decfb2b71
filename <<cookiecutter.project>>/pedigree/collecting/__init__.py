"""Data collection: an unchanged snapshot of a source.

A source is a module of this package with one function, ``collect(folder, **settings)``: it writes
files of rows to the folder and returns a description of their origin, without credentials.
Its settings are a file of ``conf/collect/``. `snapshot` has what all sources share: pinned snapshots are
kept, implausible ones are rejected, and the checksum of each file is recorded.
"""
