"""Owns what a plan says and takes of a Modelfile: its context, its template, what of it means nothing here. Reads no file."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modelcatalog.planning.found import Kept
    from modelcatalog.planning.request import Request
    from modelcatalog.stores.modelfile import Modelfile

__all__ = ["reasons", "tokens", "warnings"]


def tokens(said: Modelfile | None, limit: int | None) -> int | None:
    """The context that a Modelfile asks for, as far as the model reads so many; None where it asks for none."""
    asked = said.context_length if said is not None else None
    return asked and min(asked, limit or asked)


def reasons(said: Modelfile | None, asked: Request, *, template: bool | None) -> tuple[str, ...]:
    """Why what a Modelfile says stands, or does not.

    Args:
        said: The Modelfile.
        asked: What the caller asked for.
        template: Whether the weights' file has a chat template.
    """
    if said is None:
        return ()
    found = []
    if said.context_length and not asked.context_length:
        found.append(f"the context is the num_ctx of Ollama's {said.title}")
    if said.jinja is not None:
        own = "the file's own; chat_template=\"ollama\" takes Ollama's in its place" if template else "Ollama's own, since the file has none"
        found.append(f"the chat template is {own}")
    return tuple(found)


def warnings(kept: Kept | None, *, template: bool | None) -> tuple[str, ...]:
    """What of a Modelfile is not honoured here."""
    said = kept.modelfile if kept is not None else None
    if kept is None or said is None:
        return () if kept is None else kept.notes
    found = [*kept.notes]
    if said.unused:
        more = "; num_predict is max_new_tokens= here" if "num_predict" in said.unused else ""
        found.append(f"the Modelfile of {said.title} sets {', '.join(said.unused)}, which has no effect here{more}")
    if said.projector:
        found.append(f"{said.title} has a projector of images, which no engine here reads from Ollama's store: it takes text alone")
    if said.jinja is None and (said.renderer or said.template):
        how = f"code of its own ({said.renderer})" if said.renderer else "a template that is not one for Jinja"
        instead = "those of the file's own template" if template else "none, since the file has no template: pass chat_template="
        found.append(f"Ollama writes the prompts of {said.title} by {how}; here they are {instead}")
    return tuple(found)
