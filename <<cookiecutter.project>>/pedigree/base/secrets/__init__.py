"""Credentials: what they look like, whether settings hold one, and text without them.

Only the standard library is imported on loading, since DVC's own process loads these modules, too.
"""
