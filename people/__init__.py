"""Who may do what: organizations, accounts, rooms, stream keys, doors.

Imports only library.database and settings.
"""
