"""Owns the dictionary: which words the vocabulary has, and what it says of families and accounts.

Knows no word that the vocabulary does not list, and no neighbours. What a piece of a name means is words.py's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

from modelcatalog import vocabulary
from modelcatalog.names import grammar
from modelcatalog.names.roles import LETTERS, BaseWord, FamilyFacts, FamilyWord, Method, Role, Scheme, Value, Word, point

if TYPE_CHECKING:
    from collections.abc import Iterable, MutableMapping

    from modelcatalog.entries import CompanyFile, FamilyEntry

__all__ = ["Account", "Dictionary", "Numbers", "Option", "current_dictionary"]

_SHORT = 3
"""A shorter word stands in many names by chance."""
_VERSION = "0123456789."
"""What a version without letters is written with."""


class Account:
    """What an owner tells."""

    __match_args__: ClassVar = ("company", "method", "format", "family")
    __slots__ = ("company", "family", "format", "method", "repackager")

    def __init__(self, company: str | None, method: str | None = None, file_format: str | None = None, family: str | None = None) -> None:
        self.company = company
        """None: it publishes the models of others."""
        self.repackager = company is None
        self.method = method
        self.format = file_format
        self.family = family
        """The word of the family that all its models are of, where there is one."""


class Option:
    """One phrase: the words after the first, how many of all are its own, and what these mean."""

    __match_args__: ClassVar = ("rest", "own", "word")
    __slots__ = ("own", "rest", "word")

    def __init__(self, rest: tuple[str, ...], own: int, word: Word) -> None:
        self.rest = rest
        self.own = own
        self.word = word


class Numbers(NamedTuple):
    """Numbers that tell by themselves what they count."""

    contexts: frozenset[int]
    binary: frozenset[int]
    million_contexts: frozenset[int]
    experts: frozenset[int]
    groups: frozenset[int]
    widths: frozenset[int]


class Dictionary:
    """The word tables, made from the vocabulary."""

    __slots__ = (
        "accounts", "apis", "before", "before_formats", "catalog_heads", "catalogs",
        "checkpoints", "classes", "closed", "coined", "commands", "company_of", "counters",
        "deploying", "dotted", "drafts", "edits", "families", "files", "finished",
        "folders", "glued",
        "homonyms",
        "hosts", "ideographic", "in_front", "kinds", "languages", "leaves", "means", "media", "negations", "numbers", "owners", "parts", "paths",
        "phrases", "plain",
        "provider_hosts", "provider_of",
        "prunings", "regions", "resellers", "routes", "schemes", "served", "served_faster", "serving", "software", "stems", "suffixes",
        "tag_words", "testing", "tier_families", "tier_words", "training_after", "training_after_size", "training_before", "tuned", "variants",
        "words",
    )  # fmt: skip

    def __init__(self) -> None:
        # Those of words are a `rows.Shelf` where they were kept, which nobody fills.
        self.words: MutableMapping[str, Word] = {}
        self.phrases: MutableMapping[str, list[Option]] = {}
        self.families: MutableMapping[str, Word] = {}
        self.homonyms: MutableMapping[str, MutableMapping[str, Word]] = {}
        """A word that is a family of several companies -> company -> the word as that one's; alone, it is the first one's that may stand alone."""
        self.plain: MutableMapping[str, Word] = {}
        """Types that are also the word of a family, which counts only beside its company: ``embed``."""
        self.accounts: MutableMapping[str, Account] = {}
        self.glued: dict[str, str] = {}
        """Spelling of a family with a type glued to it -> the type: ``llamaguard``."""
        self.company_of: dict[str, str] = {}
        self.ideographic: list[str] = []
        self.in_front: MutableMapping[str, Word] = {}
        """Words for a base that are widths anywhere but at the start: ``q3``."""
        self.tier_families: MutableMapping[str, FamilyWord] = {}
        """Tier -> the family that it means before a version."""

    def fill(self, companies: Iterable[CompanyFile]) -> None:
        """Make the tables, which are empty before; one that was kept has them already."""
        hubs = vocabulary.hubs()
        self.parts = {word: part for part, words in hubs.parts.items() for word in words}
        self.files = hubs.files
        self.stems = hubs.stems
        self.hosts = dict(hubs.hosts)
        self.schemes = dict(hubs.schemes)
        self.folders = frozenset(hubs.folders)
        self.checkpoints, self.commands = hubs.checkpoints, tuple(f"{command} " for command in hubs.commands)
        self.leaves = frozenset(hubs.leaves)
        """How folders and files begin that have their name from the folder above."""
        self._add_providers()
        companies = tuple(companies)
        self.owners = _owners(companies)
        """Owners of listed repositories, some of which are nobody's account here."""
        for company in companies:
            self._add_accounts(company)
        self._add_steps(companies)
        for word in vocabulary.ignored():
            self._add(word, "ignored", word, None)
        for word in vocabulary.variants():
            self._add(word, "variant", word, word.rpartition(" ")[2])
        for word in vocabulary.tiers():
            self._add(word, "tier", word, word)
        for spelling, word in vocabulary.spelled_tiers().items():
            self.words[spelling] = self.words[word]
            self.ideographic.append(spelling)
        self._add_packaging()
        for name, type_entry in vocabulary.types().items():
            for spelling in (name.replace("-", " "), *type_entry.aliases):
                self._add(spelling, "type", name, spelling.replace(" ", "") if type_entry.apart else name)
        for word, name in vocabulary.chinese_types().items():
            self._add(word, "type", name, name)
        for company in companies:
            for family in company.family:
                self._add_family(company, family)
        self.closed = frozenset(family.name for company in companies for family in company.family if family.weights == "closed")
        """Families of which no weights were ever published."""
        self.ideographic.sort(key=len, reverse=True)
        for company in companies:
            for family in company.family:
                if family.bare and not family.derived and company.site is not None:
                    self._add_apart(family.name, company.name)
        self._add_bases()
        for repackager in hubs.repackager:
            account = Account(None, repackager.method, repackager.format)
            for owner in (*repackager.huggingface, *repackager.modelscope):
                self.accounts[owner.lower()] = account
        self._take_lists()

    def _take_lists(self) -> None:
        """What cases ask about words and numbers, which is not what a word means by itself."""
        self.tag_words = vocabulary.tag_words()
        self.tier_words = frozenset(vocabulary.tiers())
        self.training_before = vocabulary.training_before()
        self.training_after_size = vocabulary.training_after_size()
        self.training_after = vocabulary.training_after()
        self.counters = vocabulary.counters()
        self.media = frozenset(vocabulary.flagged("media"))
        """Types of models that read or make more than text, with a language model inside."""
        self.tuned, self.finished = frozenset(vocabulary.stages("tuned")), frozenset(vocabulary.stages("finished"))
        numbers = vocabulary.numbers()
        self.numbers = Numbers(**{field: getattr(numbers, field) for field in Numbers._fields})
        self.served_faster = vocabulary.served_faster()
        self.edits, self.software = vocabulary.edits(), vocabulary.software()
        self.negations, self.languages, self.before_formats = vocabulary.negations(), vocabulary.languages(), vocabulary.before_formats()
        self.testing, self.drafts, self.prunings = vocabulary.testing(), vocabulary.drafts(), vocabulary.prunings()
        self.coined = vocabulary.coined()
        self.classes = vocabulary.classes()
        self.suffixes = vocabulary.suffixes()
        self.kinds: dict[str, tuple[str, ...]] = kinds_of_models()
        """Types of which a model has but one -> the words for it."""

    def _add_packaging(self) -> None:
        """How weights are kept, and in which files."""
        for dtype_word, dtype in vocabulary.dtypes().items():
            self._add(dtype_word, "dtype", dtype, None)
        for method, entry in vocabulary.methods().items():
            for spelling in (method.replace("-", " "), *entry.aliases):
                self._add(spelling, "method", Method(method, entry.bits, entry.format), None)
        for scheme, scheme_entry in vocabulary.schemes().items():
            value = Scheme(scheme, scheme_entry.bits, scheme_entry.method, None, vocabulary.methods()[scheme_entry.method].format)
            self._add(scheme.lower().replace("_", " "), "named_scheme", value, None)
        for name, spellings in vocabulary.formats().items():
            for spelling in spellings:
                self._add(spelling, "format", name, None)

    def _add_providers(self) -> None:
        """What tools call those who serve, and what these write around a name."""
        providers = vocabulary.providers()
        self.regions = frozenset(providers.regions)
        self.serving = frozenset(providers.serving)
        self.provider_of: dict[str, str] = {word: one.id for one in providers.provider for word in one.words}
        """What tools call a provider -> its id."""
        self.provider_hosts = {host: one.id for one in providers.provider for host in one.hosts}
        self.variants = {one.id: tuple(f"-{word}" for word in one.variants) for one in providers.provider if one.variants}
        """Provider -> what it adds behind a name."""
        self.means = {f"{one.id} {name}": version for one in providers.provider for name, version in one.means.items()}
        """A provider and an id of it whose number is not the version -> the version."""
        self.catalogs = {f"{word}.": one.id for one in providers.provider for word in one.catalogs}
        """What stands before a name with a point behind it -> the provider."""
        self.catalog_heads = frozenset(word.partition(".")[0] for word in self.catalogs)
        self.dotted: dict[str, tuple[str, ...]] = {}
        """A maker's word before a point -> the providers that write it so."""
        self.deploying = frozenset(word for one in providers.provider if one.deploys for word in one.words)
        """What tools call those whose customers name what they deploy."""
        self.before = {f"{kind}-": one.id for one in providers.provider for kind in one.kinds}
        """A word for a kind that stands before a name -> the provider that puts it there."""
        self.resellers: dict[str, str | None] = dict.fromkeys(providers.resellers)
        """What is glued before a name -> the provider, where it has an id."""
        suffixes: dict[str, str | None] = dict.fromkeys(providers.suffixes)
        for one in providers.provider:
            self.resellers |= dict.fromkeys(one.glued, one.id)
            suffixes |= dict.fromkeys(one.marks, one.id)
            for word in one.dotted:
                self.dotted[word] = (*self.dotted.get(word, ()), one.id)
        for word, provider in suffixes.items():
            self._add(word, "suffix", provider, None)
        for word in self.resellers:
            self._add(word, "reseller", word, word)

    def _add_steps(self, companies: Iterable[CompanyFile]) -> None:
        """Which steps of a path lead to a model and are not an account of it."""
        providers = vocabulary.providers()
        self.served = frozenset(step for one in providers.provider for step in one.steps)
        """Accounts that before a slash may be providers."""
        own = {a.lower() for c in companies for a in (*c.accounts.huggingface, *c.accounts.modelscope)}
        self.apis = frozenset(step for step in self.served if step not in own)
        """Those of them that have no account on a hub."""
        self.paths = frozenset(step for one in providers.provider for step in one.paths)
        """Steps behind a provider that are not an account."""
        self.routes = frozenset((*providers.routes, *self.served, *(word for word in self.provider_of if word not in self.accounts)))
        """Steps of a path that are not an account, or need not be one."""

    def _add(self, spelling: str, role: Role, value: Value, key: str | None) -> None:
        """Later roles win over earlier ones: the order of calls in `fill` is the precedence."""
        parts = tuple(spelling.lower().split(" "))
        if len(parts) > 1:
            # "llama guard" makes sure of the family; what the second word means is read from it alone.
            own = len(parts) if role != "family" else next((k for k in range(1, len(parts)) if self._speaks(parts[k])), len(parts))
            options = [option for option in self.phrases.get(parts[0], ()) if option.rest != parts[1:]]
            if own < len(parts) and isinstance(value, FamilyWord):
                head = "".join(parts[:own])
                key = head if key is not None and head != grammar.squeezed(value.name.lower()) else None
            options.append(Option(parts[1:], own, Word(role, " ".join(parts), value, key)))
            self.phrases[parts[0]] = options
            if own < len(parts):
                return
        glued = "".join(parts)
        word = Word(role, glued, value, key)
        if role == "family" and glued in self.words and self.words[glued].role == "type":
            self.plain[glued] = self.words[glued]
        if isinstance(value, FamilyWord):
            first = self.families.setdefault(glued, word)
            if isinstance(first.value, FamilyWord) and first.value.company != value.company:
                self.homonyms.setdefault(glued, {first.value.company: first})[value.company] = word
                if first.value.bare or not value.bare:
                    return  # alone, it is the first one's that may stand alone
            self.families[glued] = word
        self.words[glued] = word
        if role in ("family", "company", "type", "ignored") and not glued.isascii():
            self.ideographic.append(glued)

    def _add_served(self, spelling: str, before: str, word: FamilyWord) -> None:
        """An API's words for a family, which add nothing to the canonical name."""
        parts = tuple(spelling.split(" "))
        rest = (*parts[1:], before) if before else parts[1:]
        self.phrases.setdefault(parts[0], []).append(Option(rest, len(parts), Word("family", spelling, word)))

    def _add_apart(self, name: str, company: str) -> None:
        """A family's name parted at its capital, as people type it: med-gemma, smol-lm; not where a part says something else."""
        at = next((i for i in range(1, len(name)) if name[i - 1].islower() and name[i].isupper()), 0)
        first, second = name[:at].lower(), name[at:].lower()
        word, begins, ends = self.words.get(first + second), self.words.get(first), self.families.get(second)
        if at < _SHORT or len(second) < _SHORT - 1 or not (first + second).isalpha() or word is None or not isinstance(word.value, FamilyWord):
            return
        if word.value.company != company or begins is not None:
            return
        if ends is not None and isinstance(ends.value, FamilyWord) and ends.value.company != company:
            return
        options = self.phrases.get(first, [])
        if all(option.rest != (second,) for option in options):
            self.phrases[first] = [*options, Option((second,), 2, Word("family", f"{first} {second}", word.value.alone(), word.key))]

    def _add_bases(self) -> None:
        """Tuners' words for a base: its name begins with the family and ends with a version, or with a word of its own."""
        for spelling, text in vocabulary.base_words().items():
            head, digits = text.rstrip("0123456789.-"), text.lstrip(f"{LETTERS}{LETTERS.upper()}-")
            family = self.families.get(head.partition("-")[0].lower())
            if family is not None and isinstance(family.value, FamilyWord):
                word = Word("base_word", spelling, BaseWord(family.value, digits or None, text), spelling)
                ruled = grammar.word(spelling)
                if ruled is not None and ruled[0].name == "plain_q":
                    self.in_front[spelling] = word
                    continue
                self.words[spelling] = word
                whole, _, tenth = spelling.partition(".")
                if tenth:  # l3-1
                    self.phrases[whole] = [*self.phrases.get(whole, ()), Option((tenth,), 2, word)]

    def _speaks(self, part: str) -> bool:
        """Whether a word of a phrase states something of its own: a type, a tier, a size, a number."""
        known = self.words.get(part)
        if known is not None:
            return known.role in ("type", "tier", "variant")
        ruled = grammar.word(part)
        return ruled is not None and ruled[0].name in ("size", "lettered_size", "number")

    def _add_accounts(self, company: CompanyFile) -> None:
        accounts = company.accounts
        account = Account(company.name)
        for owner in (*accounts.huggingface, *accounts.modelscope, *accounts.api):
            self.accounts.setdefault(owner.lower(), account)
        names = [company.name, *company.aliases, *([company.zh] if company.zh else []), *accounts.huggingface, *accounts.api]
        common = {word.lower() for word in company.common}
        for name in names:
            spelling = " ".join(name.lower().replace("-", " ").replace("_", " ").replace(".", " ").split())
            self.company_of.setdefault(spelling.replace(" ", ""), company.name)
            if len(spelling) > 1 and spelling not in common:  # "X" is xAI to who asks for a company, and nothing in a name
                self._add(spelling, "company", company.name, spelling.replace(" ", ""))

    def _add_family(self, company: CompanyFile, family: FamilyEntry) -> None:
        own = family.name.lower()
        versions: set[str] = set()
        spellings = [own.replace("-", " "), *family.aliases, *family.spellings, *([family.zh.replace("·", " ")] if family.zh else [])]
        bare_names = {grammar.squeezed(spelling) for spelling in spellings}
        numbered = {one: version for one in family.aliases if grammar.squeezed(one) != grammar.squeezed(own) and (version := _version_in(one, bare_names))}
        versions.update(numbered.values())
        spellings = [spelling for spelling in spellings if spelling not in numbered]
        bare_names -= {grammar.squeezed(spelling) for spelling in numbered}
        for series in family.series:
            squeezed = "".join(c for c in series.name.lower() if c.isalnum() or c == ".")
            for name in sorted(bare_names, key=len, reverse=True):
                if squeezed.startswith(name) and squeezed != name:
                    versions.add(squeezed.removeprefix(name))
                    break
        follows: set[str] = set()
        if not family.bare:
            for series in family.series:
                for name in (series.name, *series.api, *vocabulary.model_names(company.name, family.name, series)):
                    parts = [part for part in grammar.pieces(name.rpartition("/")[2].lower()) if part[0].isalnum()]
                    follows |= _follows(parts, bare_names)
        word = FamilyWord(
            family.name, company.name, family.derived, family.bare, family.compact,
            {line.lower(): line for line in family.lines}, family.dates, dict(family.words), frozenset(follows), frozenset(versions),
            family.weights == "closed", family.mixture, family.tokens, _facts(family),
        )  # fmt: skip
        alone = word.alone()
        self.tier_families.update(dict.fromkeys(family.tiers, alone))
        for served, before in family.served:
            self._add_served(served, before, alone)
        squeezed_own = grammar.squeezed(own)
        for owner in family.accounts:
            self.accounts[owner.lower()] = Account(company.name, family=squeezed_own)
        makers = sorted((name for name, owner in self.company_of.items() if owner == company.name), key=len, reverse=True)
        for spelling in spellings:
            squeezed = grammar.squeezed(spelling.lower())
            latin = squeezed.replace(family.zh.replace("·", ""), squeezed_own) if family.zh else squeezed
            if latin in bare_names:
                squeezed = latin  # 豆包 seed is doubao seed
            if self.company_of.get(squeezed) == company.name:
                squeezed = squeezed_own  # stepfun-3.5: the company's name for its family
            if squeezed != squeezed_own:
                maker = next((name for name in makers if squeezed.startswith(name) and name not in (squeezed, squeezed_own)), "")
                squeezed = squeezed.removeprefix(maker)
            kind = self.words.get(squeezed.removeprefix(squeezed_own))
            if " " not in spelling and squeezed.startswith(squeezed_own) and kind is not None and kind.role == "type":
                self.glued[squeezed] = str(kind.value)
                squeezed = str(kind.value)
            apart = next((other for other in spellings if " " in other and other.replace(" ", "") == squeezed), "").split(" ")
            if self.words.get(apart[-1]) is not None and self.words[apart[-1]].value in vocabulary.implied():
                self.glued[squeezed] = str(self.words[apart[-1]].value)  # promptguard is prompt guard
                squeezed = "-".join(sorted(apart))
            elif apart[-1] in self.words and self.words[apart[-1]].role == "variant" and "".join(apart[:-1]) == squeezed_own:
                squeezed = self.words[apart[-1]].key or squeezed  # gptoss is gpt oss
            extra = squeezed if squeezed != squeezed_own and squeezed.isascii() and len(squeezed) > 1 and spelling not in family.spellings else None
            self._add(spelling.lower(), "family", alone if " " in spelling or not spelling.isascii() or spelling in family.spellings else word, extra)
        if family.accounts:  # its own words may be no more than a beginning: DC-Agent
            self.families.setdefault(squeezed_own, Word("family", squeezed_own, word, None))


def _version_in(spelling: str, others: set[str]) -> str:
    """The version at the end of a spelling of a family that has one without it too: the 2.5 of ``eagle2.5``; else empty."""
    name = spelling.rstrip(_VERSION)
    heads = (name, name.removesuffix(" v" if " " in spelling else "v"))
    return spelling[len(name) :] if any(head[-1:].isalpha() and grammar.squeezed(head) in others for head in heads) else ""


def _follows(parts: list[str], names: set[str]) -> set[str]:
    """What stands behind a name in one of its models' names: the 2.1 of ``hammer2.1-3b``, the v1 of ``mn-12b-lyra-v1``, the qwen of ``eva-qwen2.5-14b``."""
    for part, behind in zip(parts, (*parts[1:], ""), strict=True):
        if part in names:
            return {behind, point(behind), behind.rstrip(_VERSION), behind.rstrip(_VERSION).removesuffix("v")} - {""}
        name = part.rstrip(_VERSION)
        if name != part and name in names:
            return {part.removeprefix(name)}
    return set()


def _owners(companies: Iterable[CompanyFile]) -> frozenset[str]:
    listed = (text for company in companies for family in company.family for series in family.series for text in series.models)
    return frozenset(text.partition("/")[0].lower() for text in listed if "/" in text)


def _facts(family: FamilyEntry) -> FamilyFacts:
    """What is seldom asked of a family."""
    joint, said, served = _versions(family)
    types = [set(series.types) for series in family.series]
    ids = "\n".join(text for series in family.series for text in (*series.models, *series.api, *series.sizes, *series.sizes.values())).lower()
    media = frozenset(vocabulary.flagged("media"))
    return FamilyFacts(
        joint, said, served, ids, tuple(sorted(set.intersection(*types) & _glued_types(family.name.lower()))) if types else (),
        bool(types) and all(not media.isdisjoint(some) for some in types),
        family.encoder, frozenset(version.lower() for version in family.budgets), family.others, _usual(family), family.ends,
    )  # fmt: skip


def _usual(family: FamilyEntry) -> str | None:
    """What every model of the family is, unless its name says that it is another of these kinds; empty: what its name says."""
    words = kinds_of_models()
    found = {next((kind for kind in words if kind in series.types), None) for series in family.series}
    said = "" if any(word in family.name.lower() for some in words.values() for word in some) else None
    if not found or None in found or all("vision" in series.types for series in family.series):
        return said  # an encoder of pictures is more than that
    usual = "embedding" if "embedding" in found else min(map(str, found))
    for series in family.series:
        kind = next((kind for kind in words if kind in series.types and kind != usual), None)
        names = [name.rpartition("/")[2].lower() for name in (*series.models, *series.api)]
        if kind is not None and not all(any(word in name for word in words[kind]) for name in names):
            return said  # a reranker whose name does not say so
    return usual


@vocabulary.derived
def kinds_of_models() -> dict[str, tuple[str, ...]]:
    """Types of which a model has but one -> the words for it: rerank, cross-encoder."""
    types = vocabulary.types()
    return {kind: tuple(word.replace(" ", "-") for word in (kind, *types[kind].aliases) if len(word) > _SHORT) for kind in vocabulary.implied()}


def _glued_types(name: str) -> set[str]:
    """Types that a family's name says by a word that is part of it: the guard of WildGuard."""
    types = vocabulary.types()
    return {
        kind for kind in vocabulary.implied() if any(len(word) > _SHORT and word.replace(" ", "") in name for word in (kind, *types[kind].aliases))
    }  # fmt: skip


def _versions(family: FamilyEntry) -> tuple[str, dict[str, str], frozenset[str]]:
    """What people say before a version, series that they call by the version alone, and versions without published weights."""
    joints: dict[str, int] = {}
    said: dict[str, str] = {}
    served: dict[str, bool] = {}
    for series in family.series:
        name = series.name
        rest = name[len(family.name) :] if name.lower().startswith(family.name.lower()) else ""
        version = rest.lstrip("- ").lower() if rest else name.lower() if name[:1] in family.lines and name[1:].isdecimal() else ""
        if not version:
            continue
        if not rest:
            said[version] = name
        elif version[0].isdigit():
            joint = rest[: len(rest) - len(version)]
            joints[joint] = joints.get(joint, 0) + 1
        number = version.partition("-")[0].partition(" ")[0]
        served[number] = served.get(number, True) and (series.weights or family.weights) != "open" and not series.models
    usual = max(joints, key=lambda text: joints[text], default="-" if family.name[-1].isdigit() else "")
    return usual if family.joint is None else family.joint, said, frozenset(version for version, only in served.items() if only)


@vocabulary.kept(
    "dictionary", Dictionary, Account, Option, Word, FamilyWord, FamilyFacts, BaseWord, Method, Scheme, Numbers,
    seldom=(Account, Option, Word, FamilyWord, FamilyFacts),
)  # fmt: skip
def current_dictionary() -> Dictionary:
    """The dictionary of the package's own data and of what `modelcatalog.catalog.extend` added."""
    made = Dictionary()
    made.fill(vocabulary.companies())
    return made
