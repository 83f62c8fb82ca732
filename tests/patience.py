"""How long tests wait for what takes a moment on an idle machine; others may have most of this one's cores."""

PATIENCE_S = 180.0
