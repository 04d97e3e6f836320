"""Watching the installation: what is looked at, what comes of it, and who is told (`app.py watch`)."""
