"""What an explanation says: the paths and shared values behind a recommendation, and how a reader sees them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ramgnn.visible import visible

CODE = re.compile(r"\w?\d+")  # a value without a name, such as Q241510 or 1979


@dataclass(frozen=True)
class Via:
    """A node behind a reason: one of the user's films, or a person like the user who had the item.

    Attributes:
        node: its index; label: what a reader sees.
        sampled: whether the sampler keeps it as a neighbour through this value.
        similarity: cosine of the final embeddings, in [-1, 1].
    """

    node: int
    label: str
    sampled: bool
    similarity: float


@dataclass(frozen=True)
class Reason:
    """A shared attribute value.

    Attributes:
        type, value: names of the relation type and the value.
        attention: α summed over the neighbours sampled through this value; the values of one node sum to 1.
        via: the nodes that share it, sampled ones first, then the most similar.
    """

    type: str
    value: str
    attention: float
    via: tuple[Via, ...]

    def __str__(self) -> str:
        return self.line().strip()

    def line(self, width: int = 0) -> str:
        """Attention, type and value, and the nodes behind it; type and value are filled up to `width`."""
        behind = "; ".join(f"{'* ' if node.sampled else ''}{visible(node.label)}" for node in self.via)
        return f"{self.attention:6.3f}  {self.name:<{width}}  {behind}"

    @property
    def name(self) -> str:
        """Type and value on one line."""
        return visible(f"{self.type}: {self.value}")


@dataclass(frozen=True)
class Lead:
    """One path in time from something that the user had to the item.

    Attributes:
        words: what is so, "taken soon after"; node: what it leads from; label: what a reader sees.
        points: how much of the score; shared: the attribute values that both have.
    """

    words: str
    node: int
    label: str
    points: float
    shared: tuple[str, ...]

    @property
    def rarest(self) -> str:
        """The first of the shared values, by its name alone where it has one: a code says nothing without its type."""
        value = self.shared[0].partition(": ")[2]
        return self.shared[0] if CODE.fullmatch(value) else value

    def __str__(self) -> str:
        both = f" (both: {', '.join(map(visible, self.shared))})" if self.shared else ""
        return f"{self.points:6.2f}  {self.words} {visible(self.label)}{both}"


@dataclass(frozen=True)
class Explanation:
    """Why `item` for `user`.

    Attributes:
        user, item: indices, the user None for somebody new; user_label, item_label: what a reader sees.
        score: ŷ_ui, Eq. 22; rank: among the items the user has not had, 1 is best.
        seen: whether the user has had the item.
        item_reasons: values that the item shares with the user's own items, most attention first.
        user_reasons: values that the user shares with others who had the item, most attention first.
        similar: the user's items closest to this one by final embeddings, whatever they share.
        pretrained: whether the item graph was pre-trained; without that no value has attention.
        leads: of a model with a clock, the paths that add most to the score; rest: what else it is made of, by name.

    As text it is a few lines for a reader: ``print(model.explain(user, item))``.
    """

    user: int | None
    item: int
    user_label: str
    item_label: str
    score: float
    rank: int
    seen: bool
    item_reasons: tuple[Reason, ...]
    user_reasons: tuple[Reason, ...]
    similar: tuple[Via, ...]
    pretrained: bool = True
    leads: tuple[Lead, ...] = ()
    rest: Mapping[str, float] = field(default_factory=dict)

    @property
    def short(self) -> str:
        """The strongest reason in a few words; empty where there is none."""
        if self.leads:
            first = self.leads[0]
            return f"{first.words} {first.label}" + (f"; both: {first.rarest}" if first.shared else "")
        if self.item_reasons:
            best = self.item_reasons[0]
            return f"{best.type} {best.value}, as {best.via[0].label}"
        if self.rest:
            name = max(self.rest, key=self.rest.__getitem__)
            return name if self.rest[name] > 0 else ""
        near = bool(self.similar) and self.similar[0].similarity > 0
        return f"close to {self.similar[0].label} after training" if near else ""

    def __str__(self) -> str:
        whom = f"{'somebody' if self.user is None else 'user'} {visible(self.user_label)}"
        place = f"score {self.score:.4f}, rank {self.rank}{' (had already)' * self.seen}"
        parts = [f"{visible(self.item_label)} for {whom}: {place}"]
        if self.rest:
            title = "what of the score comes from where (points)"
            rest = (f"{points:6.2f}  {visible(name)}" for name, points in self.rest.items())
            parts.append("\n".join([title, *(f"  {line}" for line in (*map(str, self.leads), *rest))]))
        elif not self.pretrained:
            parts[0] += "\nthis run has no pre-training, so no attention to give reasons from"
        if self.item_reasons:
            title = "shared with what the user had (attention: share of the item's neighbours through this value)"
            parts.append("\n".join([title, *_lines(self.item_reasons)]))
        elif self.pretrained:
            parts.append("it shares no attribute value with anything the user had")
        if self.user_reasons:
            title = "shared with people who had it (attention: share of the user's neighbours through this value)"
            parts.append("\n".join([title, *_lines(self.user_reasons)]))
        if self.similar:
            nearest = (f"  {node.similarity:6.3f}  {visible(node.label)}" for node in self.similar)
            parts.append("\n".join(["nearest of the user's items after training (cosine)", *nearest]))
        starred = any(via.sampled for reason in (*self.item_reasons, *self.user_reasons) for via in reason.via)
        return "\n\n".join([*parts, *["* kept by the sampler as a neighbour through this value"] * starred])


def _lines(reasons: tuple[Reason, ...]) -> list[str]:
    """One line for each reason, with the nodes behind them below each other."""
    width = max(len(r.name) for r in reasons)
    return [f"  {r.line(width)}" for r in reasons]
