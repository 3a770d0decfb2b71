"""The last verdict as an exit code, for CI: 0 accepted, 1 not accepted or no verdict.

Two things are looked at here and not by the stage `verdict`, whose output has to be the same wherever
it is made: what only the clock can measure, and how often this test set has been looked at.
"""
