"""Owns two small hubs on the loopback interface that the real clients accept: Hugging Face and ModelScope."""
