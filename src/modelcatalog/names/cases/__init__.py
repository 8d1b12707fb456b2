"""Owns what the words of a name mean beside their neighbours: one rule a method, one module a kind of rule.

Each module's class has the one before as its base (state, numbers, words, sizes, packaging), since a compiled class has one line of
bases. Words set versions by the rules for numbers; sizes and packaging use no rule of another kind.
"""
