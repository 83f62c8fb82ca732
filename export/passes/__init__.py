"""Small passes over a scene, each a function `Scene -> Scene`: dedupe, weld, reorder, quantize, simplify, instance, resize, encode, compress."""
