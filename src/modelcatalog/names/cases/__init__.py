"""Owns what neighbours decide, one function a case; which role they are for, and in which order they are tried, is context.py's.

A function says whether it takes the word at a place of the tape, and notes what the word then says.
"""
