"""Exploratory analysis: the data as it came, in pictures and reports.

It looks at all rows before the split, so nothing here feeds back into a model. Each entry of
`profile.reports` is a function that writes one page::

    report(rows, *, problem, title, page, pictures, **options)

It gets the rows (the target first), the settings of the question, a title that tells of a sample,
the HTML file to write, and a folder for pictures that stand on their own.
"""
