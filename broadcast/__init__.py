"""What viewers and lecturers reach over HTTP: live playlists and parts, the event feed, pages, the API."""
