// SPDX-License-Identifier: Apache-2.0
#include "cli/stored.h"

#include <fmt/format.h>

#include "config/toml_source.h"
#include "core/digest.h"
#include "core/error.h"
#include "core/folder.h"
#include "core/paths.h"
#include "core/shell_words.h"
#include "data/data_digest.h"
#include "families/registry.h"
#include "harness/runner.h"
#include "results/queries.h"
#include "results/run_lock.h"
#include "results/run_queries.h"

namespace assay {
namespace {

std::string label_of(const RunRow& run) {
  return fmt::format("stored definition of run {} ({})", run.number, run.experiment);
}

// A text says with which revisions of the keys it was written. Of today's the id can be made anew;
// before there were revisions an id was made of all keys; of others the row's digest answers.
void check_text(const std::string& text, const Definition& definition, const RunRow& run) {
  const auto values = parse_toml(text, label_of(run)).values;
  const auto revision = values.find("revision");
  const Value today =
      std::vector<std::int64_t>{definition.common_revision, definition.family_revision};
  const bool of_all_keys = revision == values.end();
  if (!of_all_keys && revision->second.value != today) return;
  if (const Definition* first = definition.first_stage.get()) {
    const Value its_today =
        std::vector<std::int64_t>{first->common_revision, first->family_revision};
    if (values.at("first_stage.revision").value != its_today) return;
  }
  const std::string id = of_all_keys ? id_of_all_keys(text, label_of(run)) : definition.id();
  if (id == run.experiment_id) return;
  throw Error(
      fmt::format("{}: is not the text that its id {} was made of; the database is damaged, "
                  "restore a copy",
                  label_of(run), run.experiment_id.substr(0, 12)),
      ExitCode::kDamaged);
}

Definition resolve_stored(const std::string& text, const RunRow& run,
                          const std::vector<Override>& overrides) {
  try {
    return resolve_text(text, label_of(run), family_schema,
                        {.overrides = overrides, .stored = true});
  } catch (const Error& problem) {
    throw Error(fmt::format("{}; check out the commit of the run (assay show {})", problem.what(),
                            run.number),
                ExitCode::kNotComparable);
  }
}

std::vector<Override> overrides_of(const StoredChanges& changes) {
  std::vector<Override> overrides;
  for (const auto& argument : changes.set) {
    overrides.push_back(parse_override(argument));
    if (!is_sampling_key(overrides.back().path)) {
      throw Error(fmt::format(
          "--set {}: only keys of [sampler] and eval.weights can change after training", argument));
    }
  }
  return overrides;
}

// What keeps a checkpoint's file from being used.
struct Loss {
  enum class Kind { kNothing, kAbsent, kUnreadable, kChanged };
  Kind kind = Kind::kNothing;
  std::string detail = {};
};

Loss loss_of(const CheckpointSaved& checkpoint) {
  constexpr std::size_t kShort = 12;
  try {
    if (!path_exists(checkpoint.file)) return {Loss::Kind::kAbsent};
    const std::string now = sha256_of_file(checkpoint.file);
    if (now == checkpoint.sha256) return {};
    return {Loss::Kind::kChanged,
            fmt::format("their SHA-256 is {}, that of what was stored {}", now.substr(0, kShort),
                        checkpoint.sha256.substr(0, kShort))};
  } catch (const Error& problem) {
    return {Loss::Kind::kUnreadable, problem.what()};
  }
}

}  // namespace

bool is_sampling_key(std::string_view path) {
  return path.starts_with("sampler.") || path == "eval.weights";
}

Definition stored_definition(const Database& database, const RunRow& run,
                             const StoredChanges& changes) {
  const std::string text = definition_of(database, run);
  Definition definition = resolve_stored(text, run, {});
  check_text(text, definition, run);
  if (!changes.set.empty()) {
    definition = resolve_text(text, label_of(run), family_schema,
                              {.overrides = overrides_of(changes), .stored = true});
  }
  if (!changes.data.empty()) {
    definition.values.at("dataset.path") = {absolute_path(changes.data).string(), "--data",
                                            /*identity=*/false};
  }
  return definition;
}

std::optional<CheckpointSaved> sound_checkpoint(const Database& database, std::int64_t run) {
  for (const CheckpointSaved& checkpoint : checkpoints_of(database, run)) {
    if (loss_of(checkpoint).kind == Loss::Kind::kNothing) return checkpoint;
  }
  return std::nullopt;
}

Error lost_weights(const Database& database, const RunRow& run, const std::string& otherwise) {
  const auto saved = checkpoints_of(database, run.number);
  if (saved.empty()) {
    const std::string when =
        run.status == "complete"
            ? "stored no weights"
            : fmt::format("ended ({}) before it saved any weights{}", run.status,
                          run.reason.empty() ? "" : ": " + run.reason);
    return Error(fmt::format("run {}: {}; {}", run.number, when, otherwise));
  }
  // Of a file that is there one learns more than of one that is not.
  const CheckpointSaved* of = &saved.front();
  Loss loss = loss_of(*of);
  for (const CheckpointSaved& one : saved) {
    if (loss.kind != Loss::Kind::kAbsent) break;
    if (const Loss other = loss_of(one); other.kind != Loss::Kind::kAbsent) {
      of = &one;
      loss = other;
    }
  }
  const std::string file = of->file.string();
  if (loss.kind == Loss::Kind::kUnreadable) {
    return Error(fmt::format("run {}: its weights cannot be read: {}; then try again, or {}",
                             run.number, loss.detail, otherwise));
  }
  if (loss.kind == Loss::Kind::kChanged) {
    return Error(fmt::format("run {}: its weights {} were changed: {}; bring the stored ones back, "
                             "or {}",
                             run.number, file, loss.detail, otherwise),
                 ExitCode::kDamaged);
  }
  return Error(
      fmt::format("run {}: its weights {} are not there: they were deleted, or the database "
                  "was copied without {}; bring them back, or {}",
                  run.number, file, checkpoints_folder(database.file()).string(), otherwise));
}

void require_training(const RunRow& run) {
  if (!run.is_outside()) return;
  throw Error(fmt::format(
      "run {}: holds the scores of samples made elsewhere ({}): there is no training to repeat and "
      "there are no weights to draw from; `assay eval --generated FILES --record {}` scores such "
      "files again",
      run.number, run.experiment, shell_word(run.experiment)));
}

RunRow trained_run(const Database& database, const RunRow& run) {
  return run.parent_uuid ? find_run(database, *run.parent_uuid) : run;
}

FirstStageWeights first_stage_weights(const Database& database, const RunRow& first,
                                      const std::string& who) {
  const std::string label =
      fmt::format("run {} ({} seed {})", first.number, first.experiment, first.seed);
  const auto weights = sound_checkpoint(database, first.number);
  if (!weights || first.status != "complete") {
    throw Error(
        fmt::format("{}: its first stage, {}, {}; bring it back, or `assay run` the "
                    "experiment, which trains it anew",
                    who, label,
                    weights ? "is " + first.status
                            : fmt::format("has lost its weights from {}",
                                          run_folder(database.file(), first.uuid).string())),
        ExitCode::kInterrupted);
  }
  return {weights->file, first.state_hash, label};
}

FirstStageWeights first_stage_of(const Database& database, const RunRow& run) {
  const std::string who = fmt::format("run {}", run.number);
  const RunRow found = [&] {
    try {
      return find_run(database, *run.first_stage_uuid);
    } catch (const Error&) {
      throw Error(fmt::format("{}: its first stage, run {}, is not in {}; `assay merge` brings it "
                              "here",
                              who, *run.first_stage_uuid, database.file().string()),
                  ExitCode::kInterrupted);
    }
  }();
  if (found.state_hash != run.first_stage_state) {
    throw Error(
        fmt::format("{}: its first stage, run {}, changed: it ended with other weights than "
                    "those this run trained on",
                    who, found.number),
        ExitCode::kInterrupted);
  }
  return first_stage_weights(database, found, who);
}

void require_same_data(const Definition& definition, const RunRow& run, ExitCode absent) {
  const auto& path = definition.text("dataset.path");
  const std::string where =
      path.empty() ? definition.text("dataset.name") : fmt::format("'{}'", path);
  const auto digest = data_digest(dataset_request_of(definition));
  if (!digest) {
    throw Error(
        fmt::format(
            "run {}: its data set {} is not at {}; bring it back, or say where it "
            "lies now with --data DIR{}",
            run.number, definition.text("dataset.name"), where,
            path.empty()
                ? fmt::format(" ({})", dataset_source(definition.text("dataset.name")).how_to_get)
                : ""),
        absent);
  }
  if (!run.data_digest || *run.data_digest == *digest) return;
  throw Error(
      fmt::format("run {}: the data changed: {} holds other data now than those it was begun "
                  "on; bring those back, or say where they lie with --data DIR",
                  run.number, where));
}

}  // namespace assay
