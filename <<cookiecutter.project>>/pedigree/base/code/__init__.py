"""The code that runs: the modules that others import, and the files of the library."""
