"""The last verdict as an exit code, for CI: 0 accepted, 1 not accepted, or no verdict on what is in the workspace.

Latency, training time and the number of models evaluated on the test set are checked here and not by the stage
`verdict`, whose output must be reproducible on any machine.
"""
