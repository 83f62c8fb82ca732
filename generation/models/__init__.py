"""The networks, in PyTorch (the `train` extra). Nothing here is imported when an environment is generated."""
