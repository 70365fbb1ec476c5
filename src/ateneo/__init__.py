"""Ateneo: an assistant over an archive of recorded talks."""
