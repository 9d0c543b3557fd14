# SPDX-License-Identifier: Apache-2.0
"""What ci/perf keeps, and the table that ci/tables makes of it."""

import json
import pathlib
import sqlite3
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/perf"))
import rows as comparisons  # noqa: E402
import store  # noqa: E402

MACHINE = {"at": "2026-11-29T12:00:00Z", "commit_id": "a" * 40, "dirty": 0, "device": "cpu", "cpu": "Example CPU", "cores": 2,
           "avx512": 1, "system": "Linux", "gpu": "", "load": 0.1}


def row(name, peer, ours, theirs, **more):
    return {"name": name, "peer": peer, "clock": "seconds", "threads": 1, "same_result": True, "all_seconds": ours,
            "peer_all_seconds": theirs} | more


class PerfStore(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.file = pathlib.Path(self.folder.name) / "perf.sqlite"

    def tearDown(self):
        self.folder.cleanup()

    def test_every_repeat_is_kept(self):
        store.store(self.file, MACHINE, [row("a", "p", [3.0, 1.0, 2.0], [[4.0, 5.0, 6.0], [1.0, 1.5, 2.0]])])
        with sqlite3.connect(self.file) as database:
            kept = database.execute("SELECT side, part, turn, value FROM repeat ORDER BY side, part, turn").fetchall()
        self.assertEqual(kept, [("ours", 0, 0, 3.0), ("ours", 0, 1, 1.0), ("ours", 0, 2, 2.0), ("peer", 0, 0, 4.0), ("peer", 0, 1, 5.0),
                                ("peer", 0, 2, 6.0), ("peer", 1, 0, 1.0), ("peer", 1, 1, 1.5), ("peer", 1, 2, 2.0)])

    def test_rows_of_benchmarks_have_tables_of_their_own(self):
        store.store(self.file, MACHINE, [row("a", "p", [1.0], [[2.0]]), row("product/10_to_2", "q", [3e-6], [[6e-6]]),
                                         row("product/9_to_2", "q", [2e-3], [[1e-3]]), row("harness/step", "", [0.25, 0.5, 0.7], [])])
        self.assertIn("| `a` | p | 1 s | 2 s | 2.00x |\n\n", store.table(self.file, "cpu", {}, ["a"]))
        self.assertIn("| `product/9_to_2` | q | 2 ms | 1 ms | 0.50x |\n| `product/10_to_2` | q | 3 µs | 6 µs | 2.00x |\n\n",
                      store.table(self.file, "cpu", {}, [], "product/"))
        self.assertIn("| row | time |\n| --- | ---: |\n| `harness/step` | 500 ms |\n\n", store.table(self.file, "cpu", {}, [], "harness"))
        with self.assertRaises(SystemExit):
            store.table(self.file, "cpu", {}, [], "none")

    def test_a_table_names_goals_sources_and_all_rows_below(self):
        store.store(self.file, MACHINE, [row("b", "p", [9.0], [[9.0]]), row("a", "p", [3.0, 1.0, 2.0], [[4.0, 5.0, 6.0], [1.0, 1.5, 2.0]])])
        again = MACHINE | {"commit_id": "b" * 40, "dirty": 1, "at": "2026-11-30T01:00:00Z"}
        memory = row("m", "p", [1.0], [[1.0]], all_mib=[100.0, 90.0], peer_all_mib=[[250.0, 240.0]])
        store.store(self.file, again, [row("b", "p", [0.01], [[0.017]], same_result=False), memory])
        store.store(self.file, MACHINE | {"device": "gpu", "gpu": "H200, 580"}, [row("a", "p", [1.0], [[9.0]])])
        # Medians 2 and 5 + 1.5; the second measurement of b counts; memory by its largest: 250 of 100.
        self.assertEqual(store.table(self.file, "cpu", {"a/p": 3.0, "b/p": 1.75, "c/q": 2.0}, ["a", "b", "m"]), """\
| row | peer | ours | peer's | ratio | goal |
| --- | --- | ---: | ---: | ---: | ---: |
| `a` | p | 2 s | 6.5 s | 3.25x | 3x |
| `b` | p | 10 ms | 17 ms | 1.70x | 1.75x |
| `m` | p | 100 MiB | 250 MiB | 2.50x | – |

Repeats: 1 to 3. Measured: commit bbbbbbb with changes, 2026-11-30, 2 cores of Example CPU (AVX-512); `a`: commit aaaaaaa, 2026-11-29, 2 cores of Example CPU (AVX-512).

Below the goal: `b` beside p (1.70x of 1.75x).

With a goal, and not measured: `c/q`.

Results differ in `b` beside p.
""")
        self.assertIn("| `a` | p | 1 s | 9 s | 9.00x |\n", store.table(self.file, "gpu", {}, []))

    def test_goals_are_of_rows_that_ci_perf_has(self):
        goals = json.loads((ROOT / "tests/perf/goals.json").read_text())
        known = {f"{row[part]}/{peer}" for row in comparisons.define(ROOT, ROOT) for peer in row["peers"] for part in ("name", "memory")}
        self.assertEqual(set(goals) - known, set())


if __name__ == "__main__":
    unittest.main()
