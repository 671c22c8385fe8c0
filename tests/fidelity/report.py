"""What was compared: rows of a table, and the table."""

import dataclasses


@dataclasses.dataclass
class Row:
    part: str
    what: str
    against: str  # with its version
    cases: str
    worst: str  # difference found, or what else was measured
    bound: str  # that was allowed; "" where the difference is only reported
    good: bool = True

    def __post_init__(self):
        self.good = bool(self.good)  # not numpy's

    def show(self):
        print(f"{'ok  ' if self.good else 'FAIL'} {self.what} | {self.against} | {self.cases} | {self.worst} | {self.bound}", flush=True)


def counted(part, what, against, different, cases, noun):
    """Things that must be equal."""
    return Row(part, what, against, f"{cases:,} {noun}", f"{different:,} different", "0", different == 0)


def bounded(part, what, against, cases, worst, bound, unit=""):
    """A largest difference."""
    return Row(part, what, against, cases, f"{worst:.2g}{unit}", f"{bound:g}{unit}", worst <= bound)


def table(rows):
    lines = ["| what | against | cases | worst difference, or measured | allowed |", "|---|---|---|---|---|"]
    for row in rows:
        mark = "" if row.good else " **FAILED**"
        lines.append(f"| {row.what} | {row.against} | {row.cases} | {row.worst}{mark} | {row.bound or 'reported'} |")
    return "\n".join(lines)
