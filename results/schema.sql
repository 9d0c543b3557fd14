-- Version 1 of the database. Version n+1 is a further script in migrate.cpp; this one is never edited after a release.
-- Rows are never rewritten, except a run's own row. `digest` columns are SHA-256 over the row's other columns
-- (see row_digest.h), so that `assay doctor` notices a single flipped bit.

CREATE TABLE experiment (
  id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 64),  -- SHA-256 of the canonical definition
  name TEXT NOT NULL,
  family TEXT NOT NULL,
  definition TEXT NOT NULL,                              -- the whole definition as TOML
  digest TEXT NOT NULL
) STRICT;
CREATE INDEX experiment_by_name ON experiment (name);

CREATE TABLE machine (
  id INTEGER NOT NULL PRIMARY KEY,
  cpu TEXT NOT NULL,
  flags TEXT NOT NULL,                                   -- instruction sets
  cores INTEGER NOT NULL,
  memory INTEGER NOT NULL,                               -- bytes
  gpu TEXT NOT NULL,
  driver TEXT NOT NULL,
  os TEXT NOT NULL,
  compiler TEXT NOT NULL,
  libtorch TEXT NOT NULL,
  digest TEXT NOT NULL
) STRICT;

CREATE TABLE run (
  id INTEGER NOT NULL PRIMARY KEY,
  uuid TEXT NOT NULL UNIQUE CHECK (length(uuid) = 36),
  experiment_id TEXT NOT NULL REFERENCES experiment (id),
  seed INTEGER NOT NULL,
  commit_id TEXT NOT NULL,
  dirty INTEGER NOT NULL CHECK (dirty IN (0, 1)),
  machine_id INTEGER NOT NULL REFERENCES machine (id),
  threads INTEGER NOT NULL,
  jobs INTEGER NOT NULL,
  device TEXT NOT NULL,
  smoke INTEGER NOT NULL CHECK (smoke IN (0, 1)),
  overrides TEXT NOT NULL DEFAULT '',                    -- options that belong to the command, e.g. --set a=b
  status TEXT NOT NULL CHECK (status IN ('running', 'complete', 'interrupted', 'diverged', 'failed')),
  reason TEXT NOT NULL DEFAULT '',
  started_at TEXT NOT NULL,                              -- UTC, ISO 8601
  updated_at TEXT NOT NULL,
  images_seen INTEGER NOT NULL DEFAULT 0,
  images_total INTEGER NOT NULL,
  phase TEXT NOT NULL DEFAULT '',
  images_per_second REAL NOT NULL DEFAULT 0,
  wall_seconds REAL NOT NULL DEFAULT 0,                  -- over all attempts
  peak_memory_bytes INTEGER NOT NULL DEFAULT 0,
  state_hash TEXT NOT NULL DEFAULT '',
  parent_uuid TEXT,
  rows_digest TEXT,                                      -- over series, metric and artifact, set at the end
  log_digest TEXT,                                       -- over throughput, event and checkpoint, set at the end
  digest TEXT NOT NULL
) STRICT;
CREATE INDEX run_by_experiment ON run (experiment_id, seed);
CREATE INDEX run_by_status ON run (status);

CREATE TABLE series (
  run_id INTEGER NOT NULL REFERENCES run (id),
  name TEXT NOT NULL,
  images_seen INTEGER NOT NULL CHECK (images_seen >= 0),
  value REAL,
  kind TEXT NOT NULL DEFAULT 'finite' CHECK (kind IN ('finite', 'nan', '+inf', '-inf')),
  CHECK ((kind = 'finite') = (value IS NOT NULL)),
  PRIMARY KEY (run_id, name, images_seen)
) STRICT, WITHOUT ROWID;

CREATE TABLE protocol (
  id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 64),  -- SHA-256 of fields
  fields TEXT NOT NULL,                                  -- JSON object of texts, keys sorted
  version TEXT,                                          -- from here: copies of well-known fields
  extractor TEXT,
  extractor_sha256 TEXT,
  resize TEXT,
  reference TEXT,
  reference_digest TEXT,
  n_real TEXT,
  n_generated TEXT,
  weights TEXT,
  estimator TEXT
) STRICT;

CREATE TABLE metric (
  run_id INTEGER NOT NULL REFERENCES run (id),
  images_seen INTEGER NOT NULL CHECK (images_seen >= 0),
  name TEXT NOT NULL,
  protocol_id TEXT NOT NULL REFERENCES protocol (id),
  value REAL,
  kind TEXT NOT NULL DEFAULT 'finite' CHECK (kind IN ('finite', 'nan', '+inf', '-inf')),
  standard_error REAL,                                   -- NULL: not known
  CHECK ((kind = 'finite') = (value IS NOT NULL)),
  PRIMARY KEY (run_id, name, protocol_id, images_seen)
) STRICT, WITHOUT ROWID;

CREATE TABLE throughput (
  run_id INTEGER NOT NULL REFERENCES run (id),
  phase TEXT NOT NULL,
  images_per_second REAL NOT NULL,                       -- median over n intervals
  images_per_second_mad REAL NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (run_id, phase)
) STRICT, WITHOUT ROWID;

CREATE TABLE artifact (
  id INTEGER NOT NULL PRIMARY KEY,
  run_id INTEGER NOT NULL REFERENCES run (id),
  kind TEXT NOT NULL,
  images_seen INTEGER NOT NULL CHECK (images_seen >= 0),
  mime TEXT NOT NULL,
  bytes BLOB NOT NULL,
  UNIQUE (run_id, kind, images_seen)
) STRICT;

CREATE TABLE checkpoint (
  run_id INTEGER NOT NULL REFERENCES run (id),
  images_seen INTEGER NOT NULL CHECK (images_seen >= 0),
  file TEXT NOT NULL,                                    -- inside <database>.checkpoints/<run uuid>/
  sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
  PRIMARY KEY (run_id, images_seen)
) STRICT, WITHOUT ROWID;

CREATE TABLE event (
  id INTEGER NOT NULL PRIMARY KEY,
  run_id INTEGER NOT NULL REFERENCES run (id),
  at TEXT NOT NULL,
  images_seen INTEGER NOT NULL CHECK (images_seen >= 0),
  kind TEXT NOT NULL,
  text TEXT NOT NULL
) STRICT;
CREATE INDEX event_by_run ON event (run_id, kind);

CREATE TABLE verdict (
  id INTEGER NOT NULL PRIMARY KEY,
  at TEXT NOT NULL,
  suite TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('claim', 'paper', 'gate')),
  subject TEXT NOT NULL,
  outcome TEXT NOT NULL,
  effect REAL,
  low REAL,
  high REAL,
  p REAL,
  n_a INTEGER,
  n_b INTEGER,
  detail TEXT NOT NULL,
  digest TEXT NOT NULL
) STRICT;
CREATE INDEX verdict_by_suite ON verdict (suite, kind, subject);
