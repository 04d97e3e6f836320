"""Backup generations: a repository of content-addressed objects on a disk or in a bucket.

Terms. A **target** is the folder or bucket prefix that the admin names; ours in it is the **repository**. An
**object** is a piece of content under the name of its SHA-256 (keyed where the repository is encrypted); a
**generation** is one complete backup: a list of files and the objects that each consists of, and a **head**
that is written last, after every new object was read back. What has no head does not exist.

`open_place` finds the target, `open_repository` opens it; `run`, `generations`, `verify`, `restore` and
`collect` are all there is to do with it. Everything blocks; one `Repository` belongs to one thread.
Errors: `errors`. The format, for who has nothing but the target: `standalone/README.md`, which every run
puts into it.
"""
