"""Starting, watching and stopping the processes of one installation. Knows nothing of what they do."""
