"""Owns HTML: fragments that show a name, a record, a plan or a reply, on any page. Knows their fields, and makes none.

Each fragment stands alone: no script, no style sheet, no address, and nothing of a name but as text. Its styles are
inline, because notebooks and their viewers remove the rest, and its colours are half transparent over the page's own
ground, so that they need not know whether that is light or dark.

>>> import modelcatalog
>>> from modelcatalog import html
>>> print(html.explain(modelcatalog.parse("Qwen3-8B"))[:25])
<div class="modelcatalog"
"""

from modelcatalog.html.fragments import explain, name, plan, record, reply

__all__ = ["explain", "name", "plan", "record", "reply"]
