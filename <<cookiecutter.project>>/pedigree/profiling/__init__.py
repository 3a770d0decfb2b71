"""Exploratory analysis of the raw data, in plots and reports.

It uses all rows before the split, so its results must not be used for a model. Each entry of
`profile.reports` is a function that writes one page::

    report(rows, *, problem, title, page, pictures, **options)

Its arguments are the rows (the target is the first column), the settings of the problem, a title (which tells
whether the rows are a sample), the HTML file to write, and a folder for image files.
"""
