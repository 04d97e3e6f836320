"""The archive: database, sessions and recordings as rows, leased jobs.

Imports neither recorder nor broadcast.
"""
