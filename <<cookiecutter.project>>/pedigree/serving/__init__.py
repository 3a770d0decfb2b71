"""Serving the bundle: files in batches, an HTTP API, and the promotion to champion."""
