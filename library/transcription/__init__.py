"""From the sound of a lecture to the cues of its transcript. Its modules with numpy are for jobs alone."""
