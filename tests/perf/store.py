"""The database of ci/perf: every repeat of every row with its machine and commit, and what tables are made of."""
import re
import sqlite3
import statistics

SCHEMA = """
CREATE TABLE IF NOT EXISTS measurement (       -- one call of ci/perf
  id INTEGER NOT NULL PRIMARY KEY,
  at TEXT NOT NULL,                            -- UTC, ISO 8601
  commit_id TEXT NOT NULL,
  dirty INTEGER NOT NULL CHECK (dirty IN (0, 1)),
  device TEXT NOT NULL CHECK (device IN ('cpu', 'gpu')),
  cpu TEXT NOT NULL,
  cores INTEGER NOT NULL,
  avx512 INTEGER NOT NULL CHECK (avx512 IN (0, 1)),
  system TEXT NOT NULL,
  gpu TEXT NOT NULL,
  load REAL NOT NULL                           -- mean number of runnable processes over a minute, at its end
) STRICT;
CREATE TABLE IF NOT EXISTS comparison (        -- a row beside one peer
  id INTEGER NOT NULL PRIMARY KEY,
  measurement_id INTEGER NOT NULL REFERENCES measurement (id),
  name TEXT NOT NULL,
  peer TEXT NOT NULL,                          -- '' where there is none
  unit TEXT NOT NULL CHECK (unit IN ('seconds', 'MiB')),
  clock TEXT NOT NULL,                         -- of seconds: "seconds" of wall time or "processor_seconds"
  threads INTEGER NOT NULL,
  same_result INTEGER,                         -- NULL where that has no meaning
  UNIQUE (measurement_id, name, peer)
) STRICT;
CREATE TABLE IF NOT EXISTS repeat (
  comparison_id INTEGER NOT NULL REFERENCES comparison (id),
  side TEXT NOT NULL CHECK (side IN ('ours', 'peer')),
  part INTEGER NOT NULL,                       -- of a peer of several processes, whose times are added
  turn INTEGER NOT NULL,                       -- ours, peer, ours, peer, …; of names with "/" in random order
  value REAL NOT NULL,
  PRIMARY KEY (comparison_id, side, part, turn)
) STRICT, WITHOUT ROWID;
"""


def store(file, measurement, rows):
    """Adds one measurement. rows: what ci/perf found, with all_seconds and peer_all_seconds (one list a process), and for
    rows of memory all_mib and peer_all_mib."""
    with sqlite3.connect(file) as database:
        database.executescript(SCHEMA)
        fields = ("at", "commit_id", "dirty", "device", "cpu", "cores", "avx512", "system", "gpu", "load")
        number = database.execute(f"INSERT INTO measurement ({', '.join(fields)}) VALUES ({', '.join('?' * len(fields))})",
                                  [measurement[field] for field in fields]).lastrowid
        for row in rows:
            unit = "MiB" if "all_mib" in row else "seconds"
            ours, peers = (row["all_mib"], row["peer_all_mib"]) if unit == "MiB" else (row["all_seconds"], row["peer_all_seconds"])
            same = row["same_result"]
            comparison = database.execute(
                "INSERT INTO comparison (measurement_id, name, peer, unit, clock, threads, same_result) VALUES (?, ?, ?, ?, ?, ?, ?)",
                [number, row["name"], row["peer"], unit, row["clock"], row["threads"], None if same is None else int(same)]).lastrowid
            repeats = [("ours", 0, turn, value) for turn, value in enumerate(ours)]
            repeats += [("peer", part, turn, value) for part, values in enumerate(peers) for turn, value in enumerate(values)]
            database.executemany("INSERT INTO repeat VALUES (?, ?, ?, ?, ?)", [(comparison, *repeat) for repeat in repeats])
    database.close()


def newest(file, device):
    """The newest comparison of each row and peer on a device: medians of its repeats in time, the largest in memory.

    A peer of several processes takes the sum of their medians in time, the largest of them in memory; the ratio is the peer's
    over ours."""
    database = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    database.row_factory = sqlite3.Row
    found = {}
    for row in database.execute("SELECT c.*, m.at, m.commit_id, m.dirty, m.cpu, m.cores, m.avx512, m.gpu FROM comparison c JOIN measurement m "
                                "ON m.id = c.measurement_id WHERE m.device = ? ORDER BY m.id, c.id", [device]):
        values = {}
        for side, part, value in database.execute("SELECT side, part, value FROM repeat WHERE comparison_id = ? ORDER BY side, part, turn",
                                                  [row["id"]]):
            values.setdefault((side, part), []).append(value)
        timed = row["unit"] == "seconds"
        one = {key: (statistics.median if timed else max)(all_of) for key, all_of in values.items()}
        theirs = [value for (side, _), value in one.items() if side == "peer"]
        peer = (sum if timed else max)(theirs) if theirs else None
        found[row["name"], row["peer"]] = dict(row) | {"device": device, "ours": one["ours", 0], "theirs": peer,
                                                       "ratio": peer / one["ours", 0] if theirs else None,
                                                       "repeats": len(values["ours", 0])}
    database.close()
    return list(found.values())


def quantity(value, unit):
    """"2.29 s", "5.9 ms", "3.7 µs", "657 MiB": three significant digits."""
    if unit == "MiB":
        return f"{value:.0f} MiB"
    if value >= 0.6:
        return f"{value:.3g} s"
    return f"{1e3 * value:.3g} ms" if value >= 1e-4 else f"{1e6 * value:.3g} µs"


def listed(texts):
    return texts[0] if len(texts) == 1 else ", ".join(texts[:-1]) + " and " + texts[-1]


def below_goals(rows, goals):
    """A line for what is below its goal, and one for each of what was not measured and what does not agree."""
    measured = {f"{row['name']}/{row['peer']}": row for row in rows}
    low = [f"`{row['name']}` beside {row['peer']} ({row['ratio']:.2f}x of {goals[key]:g}x)" for key, row in measured.items()
           if key in goals and row["ratio"] < goals[key]]
    lines = [f"Below the goal: {listed(low)}." if low else "No row is below its goal."] if goals else []
    absent = [f"`{key}`" for key in goals if key not in measured]
    if absent:
        lines.append(f"With a goal, and not measured: {listed(absent)}.")
    differ = [f"`{row['name']}` beside {row['peer']}" for row in rows if row["same_result"] == 0]
    if differ:
        lines.append(f"Results differ in {listed(differ)}.")
    return lines


def sources(rows):
    """Whence the rows are: repeats, machine, commit and day, that of most rows first."""
    by_source = {}
    for row in rows:
        machine = row["gpu"].split(",")[0] if row["device"] == "gpu" else f"{row['cores']} cores of {row['cpu']}{' (AVX-512)' if row['avx512'] else ''}"
        commit = row["commit_id"][:7] + (" with changes" if row["dirty"] else "")
        by_source.setdefault(f"commit {commit}, {row['at'][:10]}, {machine}", []).append(f"`{row['name']}`")
    first, *others = sorted(by_source, key=lambda text: -len(by_source[text]))
    rest = "".join(f"; {listed(sorted(set(by_source[text])))}: {text}" for text in others)
    repeats = sorted({row["repeats"] for row in rows})
    return f"Repeats: {' to '.join(map(str, {repeats[0]: 0, repeats[-1]: 0}))}. Measured: {first}{rest}."


def table(file, device, goals, names, benchmark=None):
    """The Markdown of ci/tables: rows in the order of `names` with their goals, whence they are, all that are below.
    benchmark: those whose names begin with it, of a program of Google Benchmark, whose rows have slashes."""
    order = {name: place for place, name in enumerate(names)}
    rows = [row for row in newest(file, device) if (row["name"].startswith(benchmark) if benchmark else "/" not in row["name"])]
    in_numbers = lambda name: [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]
    rows.sort(key=lambda row: in_numbers(row["name"]) if benchmark else order.get(row["name"], len(order)))
    if not rows:
        raise SystemExit(f"ci/tables: {file} has no row {benchmark or ''} measured on {device}; `ci/perf --store` adds them")
    if benchmark and any(row["peer"] for row in rows) != all(row["peer"] for row in rows):
        raise SystemExit(f"ci/tables: of {benchmark} some rows have a peer and some have none")
    if benchmark and not rows[0]["peer"]:
        lines = ["| row | time |", "| --- | ---: |", *(f"| `{row['name']}` | {quantity(row['ours'], row['unit'])} |" for row in rows)]
        return "\n".join([*lines, "", sources(rows)]) + "\n"
    lines = ["| row | peer | ours | peer's | ratio |" + (" goal |" if goals else ""), "| --- | --- | ---: | ---: | ---: |" + (" ---: |" if goals else "")]
    for row in rows:
        goal = goals.get(f"{row['name']}/{row['peer']}")
        lines.append(f"| `{row['name']}` | {row['peer']} | {quantity(row['ours'], row['unit'])} | {quantity(row['theirs'], row['unit'])} | "
                     f"{row['ratio']:.2f}x |" + (f" {'–' if goal is None else f'{goal:g}x'} |" if goals else ""))
    return "\n".join([*lines, "", sources(rows), *(f"\n{line}" for line in below_goals(rows, goals))]) + "\n"
