// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/time_against.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <map>
#include <set>
#include <span>

#include "cli/process.h"
#include "core/error.h"
#include "core/file.h"
#include "core/folder.h"
#include "reports/gather.h"
#include "results/queries.h"
#include "results/run_queries.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::error_code problem;
    const fs::path place = fs::temp_directory_path(problem);
    std::string name = (place / "assay-timing-XXXXXX").string();
    if (problem || ::mkdtemp(name.data()) == nullptr) {
      throw Error(
          fmt::format("{}: no folder can be made for the timing's databases; set TMPDIR to "
                      "one that can be written",
                      name));
    }
    path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code problem;
    fs::remove_all(path_, problem);
  }
  fs::path operator/(const std::string& name) const { return path_ / name; }

 private:
  fs::path path_;
};

// Images per second by phase.
using Speeds = std::map<std::string, double>;

Speeds run_once(const fs::path& program, const fs::path& definition, const RunRow& like,
                const TemporaryFolder& folder) {
  const fs::path file = folder / "one.sqlite";
  remove_tree(file);
  remove_tree(checkpoints_folder(file));
  std::vector<std::string> words = {program.string(),
                                    "run",
                                    definition.string(),
                                    "--seeds",
                                    std::to_string(like.seed),
                                    "--db",
                                    file.string(),
                                    "--report",
                                    (folder / "report.html").string(),
                                    "--jobs",
                                    "1",
                                    "--threads",
                                    std::to_string(like.threads),
                                    "--device",
                                    like.device,
                                    "--quiet"};
  const int code = run_process(words).exit_code;
  if (code != 0) {
    throw Error(fmt::format(
        "--time-against: {} cannot do a run of {} (exit {}), as it says above; it has to be an "
        "assay that knows this baseline's definitions",
        program.string(), like.experiment, code));
  }
  const Database database = Database::open_for_reading(file);
  Speeds speeds;
  for (const Throughput& speed : throughput_of(database, runs(database).front().number))
    speeds[speed.phase] = speed.images_per_second;
  return speeds;
}

// The phases that every round of both builds measured.
std::vector<TimedPhase> phases_of(const std::string& id, const std::vector<Speeds>& base,
                                  const std::vector<Speeds>& current) {
  std::vector<TimedPhase> phases;
  for (const auto& [phase, first] : base.front()) {
    TimedPhase timed{id, phase, {}, {}};
    for (const Speeds& round : base) {
      if (round.contains(phase)) timed.base.push_back(round.at(phase));
    }
    for (const Speeds& round : current) {
      if (round.contains(phase)) timed.current.push_back(round.at(phase));
    }
    if (timed.base.size() == base.size() && timed.current.size() == current.size())
      phases.push_back(std::move(timed));
  }
  return phases;
}

}  // namespace

std::vector<TimedPhase> time_against(const fs::path& base, const fs::path& baseline,
                                     std::int64_t rounds) {
  const fs::path self = this_program();
  const TemporaryFolder folder;
  std::vector<TimedPhase> all;
  const auto gathered = gather_runs(std::span(&baseline, 1), {.with_hidden = true});
  for (const RunGroup& group : gathered.groups) {
    if (group.counted.empty() || group.counted.front().row.is_outside()) continue;
    const FoundRun& like = group.counted.front();
    const fs::path definition = folder / "timed.toml";
    write_file_atomically(definition, definition_of(*like.database, like.row));
    std::array<std::vector<Speeds>, 2> speeds;
    for (std::int64_t round = 0; round < rounds; ++round) {
      for (const std::int64_t turn : {0, 1}) {
        const auto which = static_cast<std::size_t>((round + turn) % 2);
        speeds[which].push_back(run_once(which == 0 ? base : self, definition, like.row, folder));
      }
    }
    for (TimedPhase& phase : phases_of(group.experiment.id, speeds[0], speeds[1]))
      all.push_back(std::move(phase));
  }
  return all;
}

}  // namespace assay
