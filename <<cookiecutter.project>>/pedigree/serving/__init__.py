"""Serving the bundle: scoring files, an HTTP API, and promotion to champion."""
