"""Step 2, data collection: a snapshot of a source, as it is.

A source is a module of this folder with one function, ``collect(folder, **settings)``: it writes
files of rows into the folder and returns an account of where they came from, without credentials.
Its settings are a file of ``conf/collect/``. What every source needs is here: a snapshot that is
pinned stays, one that is suspect never replaces the last, and each file's fingerprint is taken.
"""
