"""Owns fetching files: the process in which a hub's own client fetches, and the talk with it."""
