"""Owns `Plan`, what loading a name would do, and how it prints. Decides nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from modelcatalog.errors import Unsupported
from modelcatalog.hubs import Listing
from modelcatalog.planning import telling
from modelcatalog.planning.figures import Missing
from modelcatalog.planning.planned import Memory, Planned
from modelcatalog.show.units import human

if TYPE_CHECKING:
    from modelcatalog.planning.table import Variant
    from modelcatalog.show import bars
    from modelcatalog.show.labels import Language

__all__ = ["Memory", "Missing", "Plan", "human"]


class Plan(Planned):
    """What `modelcatalog.load` would do with a name. ``str(plan)`` is a table."""

    @property
    def weight_files(self) -> tuple[Path, ...]:
        """Where the weight files lie; empty before a download."""
        return tuple(Path(self.path) / path for path in self.weights) if self.path else ()

    def listing(self) -> Listing:
        """What the hub listed, as far as this plan needs it; for a plan with a hub."""
        if self.hub is None or self.repo_id is None:
            message = "a plan for files on this disk has no listing"
            raise ValueError(message)
        return Listing(
            hub=self.hub,
            endpoint=self.endpoint or "",
            repo_id=self.repo_id,
            revision=self.revision or self.commit or "",
            commit=self.commit,
            files=self.files,
        )

    def variants(self) -> tuple[Variant, ...]:
        """The model's official and listed quantizations on this plan's hub, the most precise first, for the machine of this plan.

        The hub is asked for at most six listings, no more; bytes of what it was not asked about, or did not answer about, are
        parameters times bits, and ``origin`` is ``"estimate"``. ``tokens_per_second`` is an estimate always.
        """
        from modelcatalog.planning import table

        memory = self.memory
        chosen = {one.path: one for one in self.files}
        return table.variants(
            table.Subject(
                name=self.name,
                hub=self.hub,
                repo_id=self.repo_id,
                title=self.repo_id or self.path or self.name.source,
                format=self.format,
                files=tuple(chosen[path] for path in self.weights),
                quantization=self.quantization,
                parameters=self.parameters,
                engine=self.engine,
                weights=memory.weights,
                kv=memory.kv,
                beside=memory.overhead or 0,
                free=memory.free,
                place=memory.place,
                tokens=self.context_length or 0,
                concurrency=memory.concurrency,
                growth=memory.growth,
                on=self.on,
                device=self.device,
            )
        )

    def __str__(self) -> str:
        return self.text()

    def text(self, language: Language = "en") -> str:
        """The plan as a table of rows; ``str(plan)`` is that in English.

        Args:
            language: ``"en"`` or ``"zh"``.

        Raises:
            Unsupported: there is no such language here.
        """
        return telling.text(self, language)

    def svg(self, language: Language = "en") -> str:
        """A picture as the text of an SVG file: memory at several contexts as stacked bars against what is free, light or dark as the reader has it.

        Args:
            language: ``"en"`` or ``"zh"``.

        Raises:
            Unsupported: the plan counts no memory, because a server has the model, or there is no such language here.
        """
        from modelcatalog.planning import picture  # most plans are read as text
        from modelcatalog.show import bars

        drawn = self._picture(language)
        if drawn is None:
            message = f"there is no memory to draw for {self.name.source}: a server has the model"
            raise Unsupported(message, subject=self.name.source, hint="plan it for an engine on this machine, or for one that on= names")
        return bars.page(drawn, picture.written)

    def _picture(self, language: Language) -> bars.Picture | None:
        from modelcatalog.planning import picture  # as above

        memory = self.memory
        if self.served or memory.weights is None:
            return None
        return picture.picture(
            picture.Shown(
                name=telling.short(self.name.name or self.name.source),
                engine=self.engine,
                weights=memory.weights,
                kv=memory.kv,
                beside=memory.overhead or 0,
                free=memory.free,
                place=memory.place,
                tokens=self.context_length or 0,
                longest=memory.longest_context,
                concurrency=memory.concurrency,
                growth=next((one for one in memory.growth if one.engine == self.engine), None),
            ),
            telling.telling(language),
        )

    def _repr_html_(self) -> str:
        """The plan in a notebook: its rows, then its picture."""
        from modelcatalog.planning import picture  # as above
        from modelcatalog.show import bars, html

        drawn = self._picture("en")
        return html.plan(self.name, telling.rows(self, "en"), figure="" if drawn is None else bars.fragment(drawn, picture.written))
