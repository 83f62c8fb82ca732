"""Learned generators: seed -> arrays. Knows nothing of meshes or of the files of scenes."""
