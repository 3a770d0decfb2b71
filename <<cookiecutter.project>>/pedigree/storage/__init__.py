"""Fitted objects as files that can be opened without running code."""
