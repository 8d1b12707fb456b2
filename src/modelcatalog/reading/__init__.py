"""Owns what the words of a name mean beside their neighbours: one rule a method, one module a kind of rule."""
