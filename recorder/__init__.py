"""Ingest and the media log: WHIP peers, programs, takes on disk, recovery, export.

Imports neither broadcast nor library.
"""
