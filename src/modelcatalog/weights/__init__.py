"""Owns what files with weights say: the headers of safetensors and GGUF, and whether a file is what its name promises. Knows no hub."""
