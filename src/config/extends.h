// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "config/definition.h"
#include "config/toml_source.h"

namespace assay {

/// SourceValue::layer of what a definition extends, and of what it says itself.
inline constexpr int kExtendedLayer = 0, kOwnLayer = 1;

/// What a definition file says together with the files that it extends, the nearest first. Relative
/// paths of data start from the folder of the file that names them. Throws Error for a file that
/// cannot be read or parsed, a base that is not there, a circle of them, and more than 8 in a row.
SourceTable read_extended(const std::filesystem::path& file, const ResolveOptions& options);

/// The same of a text; `label` stands for the file in messages.
SourceTable expand_text(std::string_view toml, const std::string& label,
                        const ResolveOptions& options);

/// Makes a relative dataset.path, also of a smoke run, and the file of a first stage start from the
/// folder of whatever says it.
/// Text from the database has none, and is absolute already.
void start_path_from(const std::filesystem::path& folder, std::string_view path, Value& value);

/// A file's path below the experiments folder without the suffix, else its own name.
std::string experiment_name(const std::filesystem::path& file,
                            const std::filesystem::path& experiments);

/// A file as messages name it: relative to the working folder where that is below it.
std::string file_label(const std::filesystem::path& file);

}  // namespace assay
