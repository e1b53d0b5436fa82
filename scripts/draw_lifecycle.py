"""Draws the life of a subscription from its table into docs/billing.md: `python -m scripts.draw_lifecycle`."""

from __future__ import annotations

from pathlib import Path

from foldline.site.billing.lifecycle import TABLE, Event, State

PAGE = Path(__file__).parents[1] / "docs" / "billing.md"
BEGIN, END = "<!-- drawn from the table: begin -->\n", "<!-- drawn from the table: end -->\n"


def diagram() -> str:
    """The steps from one state to another, as Mermaid. What leaves a state as it is, is left out."""
    lines = ["stateDiagram-v2", "    [*] --> none"]
    for state, cells in TABLE.items():
        for other in State:
            events = [event.value for event, cell in cells.items() if cell is other and other is not state]
            if events:
                lines.append(f"    {_name(state)} --> {_name(other)}: {', '.join(events)}")
    return "\n".join(lines) + "\n"


def pairs() -> str:
    """Every pair of a state and an event, and what comes of it, as a table in Markdown."""
    rows = [["", *(f"`{state}`" for state in State)]]
    rows += [[f"`{event}`", *(_cell(state, event) for state in State)] for event in Event]
    head, *body = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join([head, "|---" * (len(State) + 1) + "|", *body]) + "\n"


def drawn() -> str:
    """All that stands on the page between its two marks."""
    return f"\n```mermaid\n{diagram()}```\n\n{pairs()}\n"


def write(page: Path = PAGE) -> None:
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(before + BEGIN + drawn() + END + after, encoding="utf-8")


def _cell(state: State, event: Event) -> str:
    cell = TABLE[state][event]
    return cell.value if isinstance(cell, State) else f"✗ *{cell.value}*"


def _name(state: State) -> str:
    return state.value.replace("-", "_")


if __name__ == "__main__":
    write()
