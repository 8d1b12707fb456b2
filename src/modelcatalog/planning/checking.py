"""Owns what is checked before a plan is made: that the files can become a conversation, and that what is installed can load them.

Each check is its own module's; here stands which come when. Looks for no file.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from modelcatalog.errors import Unsupported
from modelcatalog.planning import claims, engine, refusing, silent, tensors, tokenizer
from modelcatalog.planning.runs import ENGINES, default
from modelcatalog.planning.runs import reading as reading_form

if TYPE_CHECKING:
    from modelcatalog.planning.facts import Facts
    from modelcatalog.planning.found import Located
    from modelcatalog.planning.placing import Place
    from modelcatalog.planning.reading import Said
    from modelcatalog.planning.request import Request
    from modelcatalog.records import ModelName

__all__ = ["check_files", "check_library", "choose_engine"]


def check_files(record: ModelName, found: Located, said: Said, asked: Request) -> None:
    """Refuse what no engine can make a conversation of."""
    if asked.quantization is not None:
        claims.check_quantization(asked.quantization, said.facts, found.choice, subject=record.source)
    silent.check(said.facts, record, companions=said.companions, tensors=said.tensors.names)
    if found.choice.format == "gguf":
        if len(said.ggufs) == len(found.choice.weights):
            tensors.check_gguf(said.ggufs, subject=found.choice.weights[0].path)
        return
    form = engine.form_of(found.choice.format, said.facts)
    # Where one engine alone would run it, its own module makes the repository's code needless.
    running = ENGINES[asked.engine] if asked.engine is not None else None if form in default().formats else reading_form(form)[0]
    if running is None or not engine.has_module(running, said.facts):
        refusing.check_code(said.facts, trusted=asked.trust_remote_code, subject=record.source)
    tensors.check_method(said.facts, said.tensors, said.others, subject=record.source)
    tensors.check_missing(said.facts, said.tensors, subject=record.source)


def choose_engine(record: ModelName, found: Located, facts: Facts, place: Place, asked: Request) -> engine.Chosen:
    """The engine, which knows the model; one that only comes first here gives way to the usual one where it does not."""
    form = engine.form_of(found.choice.format, facts)
    chosen = engine.choose(asked, form=form, cards=place.cards, subject=record.source, named=record.format)
    check = partial(engine.check_model, facts=facts, folder=found.choice.folder, trusted=asked.trust_remote_code, subject=record.source)
    usual, free = default(), asked.engine is None and form in default().formats and chosen.engine is not default()
    if free and facts.composite and usual.sees and not chosen.engine.sees:
        chosen = engine.Chosen(usual, f"{usual.name}: the model may see, and {chosen.engine.name} takes no images and no sound here")
    try:
        check(chosen.engine)
    except Unsupported as error:
        if not free:
            raise
        chosen = engine.Chosen(usual, f"{usual.name}: {error.message}")
        check(usual)
    return chosen


def check_library(record: ModelName, found: Located, said: Said, asked: Request) -> None:
    """Refuse what the installed transformers cannot load."""
    if found.choice.format == "gguf":
        refusing.check_gguf(said.facts, found.choice, subject=record.source)
        return
    refusing.check_type(said.facts, trusted=asked.trust_remote_code, subject=record.source)
    refusing.check_shards(found.choice, subject=record.source)
    tokenizer.check(said.facts, said.tokenizer, said.companions, trusted=asked.trust_remote_code, subject=record.source)
