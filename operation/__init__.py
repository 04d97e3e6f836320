"""Running an installation: the processes put together, kept alive, and administered from the command line.

`app.py` alone imports it; it knows every package (docs/decisions/0003).
"""
