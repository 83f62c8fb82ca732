"""From arrays to an environment in memory. Knows nothing of glTF."""
