// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/events.h"
#include "harness/stop.h"

namespace assay {

/// Keeps everything; may ask for a stop after so many scalars.
class Recording : public RunObserver {
 public:
  StopRequest* stop = nullptr;
  int stop_after = -1;
  std::map<std::pair<std::string, std::int64_t>, double> values;
  std::vector<CheckpointSaved> checkpoints;
  std::vector<Artifact> artifacts;
  std::vector<Note> notes;
  std::map<std::string, Throughput> speeds;
  RunFinished end;

  void scalars(const Scalars& s) override {
    for (const auto& [name, value] : s.values) values[{name, s.images_seen}] = value;
    if (stop != nullptr && --stop_after == 0) stop->request();
  }
  void evaluated(const Evaluation& e) override {
    for (const auto& metric : e.metrics) values[{metric.name, e.images_seen}] = metric.value;
  }
  void artifact(const Artifact& a) override { artifacts.push_back(a); }
  void note(const Note& n) override { notes.push_back(n); }
  void throughput(const Throughput& t) override { speeds[t.phase] = t; }
  void checkpointed(const CheckpointSaved& c) override { checkpoints.push_back(c); }
  void finished(const RunFinished& f) override { end = f; }
};

}  // namespace assay
