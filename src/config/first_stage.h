// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "config/definition.h"
#include "config/toml_source.h"

namespace assay {

/// What a definition says of its first stage, beside naming it.
struct FirstStageSource {
  SourceTable values;  ///< its [first_stage.…] tables, as the first stage knows their keys
  ResolveOptions options;
};

/// How a definition is resolved from a file, and from a table that holds it whole.
struct FirstStageResolvers {
  std::function<Definition(const std::filesystem::path& file, const ResolveOptions& options)> file;
  std::function<Definition(SourceTable values, const ResolveOptions& options)> text;
};

/// Takes the keys of a first stage out of a definition's values, overrides and member.
FirstStageSource taken_for_first_stage(SourceTable& values, ResolveOptions& options);

/// The first stage on the definition's [dataset], nullptr without one. A text from a database holds
/// it whole; model.first_stage names a file, whose keys [first_stage.…] may change. Throws Error
/// where nothing is named, for one that has a first stage or data of its own, and for what the
/// resolvers refuse. `label` stands for the definition's file.
std::shared_ptr<const Definition> resolve_first_stage(const Definition& definition,
                                                      FirstStageSource source,
                                                      const std::string& label,
                                                      const FirstStageResolvers& resolve);

}  // namespace assay
