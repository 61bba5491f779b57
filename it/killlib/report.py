"""What a run found, as tables for people and as JSON."""
import collections
import re
import shlex

from . import calls

_DIGEST = re.compile(r"\b\d+:[0-9a-f]{16}\b")


def repeat(point, seed):
    """The command line that does one point again."""
    if point.command == "scene":
        words = ["it/kill-points", "--scenes", point.scene, "--points", "0"]  # it fails while it is made
    else:
        words = ["it/kill-points", "--commands", point.command, "--scenes", point.scene]
    if seed != "1":
        words += ["--seed", seed]
    if point.at is not None:
        words += ["--at", str(point.at), "--kinds", point.kind]
    if point.again_first:
        words.append("--again-first")
    if point.second is not None:
        words += ["--second", str(point.second)]
    return " ".join(map(shlex.quote, words))


def table(recorded, outcomes):
    """A row for each command and scene, and a total."""
    kinds = list(calls.KINDS)
    rows = [["command", "members", "place", "points", *kinds, "killed twice", "missed", "violations"]]
    total = collections.Counter()
    for (command, scene), record in recorded.items():
        here = [each for each in outcomes if each.point.command == command and each.point.scene.split(":")[:2] == scene.split(":")[:2]]
        count = collections.Counter(each.point.kind for each in here if each.hit)
        row = {**{kind: count[kind] for kind in kinds}, "points": len(record.points),
               "killed twice": sum(1 for each in here if each.point.second is not None),
               "missed": sum(1 for each in here if each.point.at is not None and not each.hit),
               "violations": sum(1 for each in here if each.findings)}
        total.update(row)
        rows.append([command, *scene.split(":")[:2], *(row[name] for name in rows[0][3:])])
    rows.append(["total", "", "", *(total[name] for name in rows[0][3:])])
    return aligned(rows)


def aligned(rows):
    texts = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts)]
    return "\n".join("  ".join(
        cell.ljust(width) if place < 3 else cell.rjust(width) for place, (cell, width) in enumerate(zip(row, widths))).rstrip() for row in texts)


def grouped(outcomes, root):
    """Violations by kind, command and what is said, each with how often and one way to repeat it."""
    groups = collections.OrderedDict()
    for outcome in outcomes:
        for finding in outcome.findings:
            text = _DIGEST.sub("CONTENT", calls.plain(finding.text).replace(str(root) + "/", ""))
            groups.setdefault((finding.kind, outcome.point.command, text), []).append(outcome)
    return groups


def violations(outcomes, root, seed, most=8):
    lines = []
    groups = grouped(outcomes, root)
    kinds = collections.Counter(kind for kind, _, _ in groups)
    for kind in sorted(kinds):
        hit = {id(outcome) for (each, _, _), found in groups.items() if each == kind for outcome in found}
        lines.append("\n%s: trials=%d" % (kind, len(hit)))
        chosen = sorted(((key, found) for key, found in groups.items() if key[0] == kind), key=lambda pair: -len(pair[1]))
        for (_, command, text), found in chosen[:most]:
            lines.append("  %dx %s: %s" % (len(found), command, text[:400]))
            lines.append("      %s" % repeat(found[0].point, seed))
        if len(chosen) > most:
            lines.append("  ... and %d more sorts; --json FILE has them all" % (len(chosen) - most))
    return "\n".join(lines)


def as_json(options, recorded, outcomes, root):
    return {
        "seed": options.seed,
        "commands": [{"command": command, "scene": scene, "points": record.points, "undisturbed": [list(each) for each in record.findings]}
                     for (command, scene), record in recorded.items()],
        "trials": [{"point": each.point._asdict(), "hit": each.hit, "exit": each.exit, "seconds": round(each.seconds, 2),
                    "err": each.err[:2000].replace(str(root) + "/", ""),
                    "findings": [{"kind": kind, "text": text.replace(str(root) + "/", "")} for kind, text in each.findings],
                    "repeat": repeat(each.point, options.seed)} for each in outcomes],
    }
