// SPDX-License-Identifier: Apache-2.0
#include "cli/stored.h"

#include <fmt/format.h>

#include <filesystem>

#include "core/digest.h"
#include "core/error.h"
#include "families/registry.h"
#include "results/run_queries.h"

namespace assay {
namespace {

std::string label_of(const ExperimentRow& experiment) {
  return fmt::format("stored definition {}", experiment.id.substr(0, 12));
}

}  // namespace

Definition stored_definition(const ExperimentRow& experiment) {
  Definition definition =
      resolve_text(experiment.definition, label_of(experiment), family_schema, {});
  if (definition.id() != experiment.id) {
    throw Error(fmt::format("{} ({}): is another experiment under this version of assay, because a "
                            "key or a default "
                            "has changed since; check out the commit of its runs (assay show RUN)",
                            label_of(experiment), experiment.name),
                ExitCode::kNotComparable);
  }
  return definition;
}

Definition stored_definition(const ExperimentRow& experiment, const std::vector<std::string>& set) {
  stored_definition(experiment);
  ResolveOptions options;
  for (const auto& argument : set) {
    options.overrides.push_back(parse_override(argument));
    if (!options.overrides.back().path.starts_with("sampler.")) {
      throw Error(
          fmt::format("--set {}: only keys of [sampler] can change after training", argument));
    }
  }
  return resolve_text(experiment.definition, label_of(experiment), family_schema, options);
}

std::optional<CheckpointSaved> sound_checkpoint(const Database& database, std::int64_t run) {
  for (const CheckpointSaved& checkpoint : checkpoints_of(database, run)) {
    std::error_code problem;
    if (!std::filesystem::exists(checkpoint.file, problem)) continue;
    if (sha256_of_file(checkpoint.file) == checkpoint.sha256) return checkpoint;
  }
  return std::nullopt;
}

}  // namespace assay
