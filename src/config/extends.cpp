// SPDX-License-Identifier: Apache-2.0
#include "config/extends.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "core/error.h"
#include "core/file.h"
#include "core/paths.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxExtends = 8;
constexpr std::string_view kSmokePrefix = "smoke.";

// With links followed as far as they lead.
fs::path absolute_of(const fs::path& file) {
  std::error_code problem;
  const fs::path real = fs::weakly_canonical(file, problem);
  if (problem) {
    throw Error(fmt::format("{}: cannot be read: {}", file.string(), problem.message()));
  }
  return real;
}

class Reader {
 public:
  explicit Reader(const ResolveOptions& options) : options_(options) {}

  SourceTable read(const fs::path& file) {
    const fs::path real = absolute_of(file);
    if (std::find(chain_.begin(), chain_.end(), real) != chain_.end()) {
      throw Error(fmt::format("{}: 'extends' leads back to this file", file_label(file)));
    }
    if (chain_.size() == kMaxExtends) {
      throw Error(fmt::format("{}: 'extends' goes through more than {} files", file_label(file),
                              kMaxExtends));
    }
    chain_.push_back(real);
    return expand(read_file(file, kMaxDefinitionBytes), file_label(file),
                  absolute_of(file).parent_path());
  }

  SourceTable expand(std::string_view toml, const std::string& label, const fs::path& folder) {
    TomlSource source = parse_toml(toml, label);
    for (auto& [path, value] : source.values) start_path_from(folder, path, value.value);
    if (!source.items.empty()) {
      const auto& [name, items] = *source.items.begin();
      throw Error(fmt::format("{}: [[{}]] does not belong in an experiment; suites have [[member]]",
                              items.front().where, name));
    }
    for (auto& [path, value] : source.values) value.layer = kOwnLayer;
    const auto extends = source.values.find("extends");
    if (extends == source.values.end()) return source.values;
    SourceTable merged = read(base_file(extends->second, folder));
    // These say what the base file itself is.
    for (const char* own : {"name", "reproduces", "extends", "revision"}) merged.erase(own);
    for (auto& [path, value] : merged) value.layer = kExtendedLayer;
    for (auto& [path, value] : source.values) merged[path] = value;
    merged.erase("extends");
    return merged;
  }

 private:
  fs::path base_file(const SourceValue& extends, const fs::path& folder) const {
    const auto* text = std::get_if<std::string>(&extends.value);
    if (text == nullptr || text->empty()) {
      throw Error(fmt::format("{}: extends must be the path of a definition", extends.where));
    }
    const fs::path wanted = *text;
    std::vector<fs::path> places = {folder / wanted, options_.experiments / wanted};
    if (wanted.extension() != ".toml") places.push_back(options_.experiments / (*text + ".toml"));
    for (const auto& place : places) {
      std::error_code problem;
      if (fs::is_regular_file(place, problem)) return place;
    }
    throw Error(fmt::format("{}: extends = '{}' is no file, neither beside this one nor below '{}'",
                            extends.where, *text, options_.experiments.string()));
  }

  const ResolveOptions& options_;
  std::vector<fs::path> chain_;
};

}  // namespace

std::string experiment_name(const fs::path& file, const fs::path& experiments) {
  if (!experiments.empty()) {
    const fs::path below = absolute_of(file).lexically_relative(absolute_of(experiments));
    if (!below.empty() && *below.begin() != "..") {
      return fs::path(below).replace_extension().generic_string();
    }
  }
  return file.stem().string();
}

std::string file_label(const fs::path& file) {
  const fs::path below = file.lexically_normal().lexically_proximate(absolute_path("."));
  return !below.empty() && *below.begin() != ".." ? below.string() : file.string();
}

void start_path_from(const fs::path& folder, std::string_view path, Value& value) {
  if (path.starts_with(kSmokePrefix)) path.remove_prefix(kSmokePrefix.size());
  auto* text = std::get_if<std::string>(&value);
  if (text == nullptr || text->empty()) return;
  const bool is_file = path == kFirstStageKey && fs::path(*text).extension() == ".toml";
  if (path != "dataset.path" && !is_file) return;
  if (!folder.empty() && fs::path(*text).is_relative()) {
    *text = absolute_path(folder / *text).lexically_normal().string();
  }
}

SourceTable read_extended(const fs::path& file, const ResolveOptions& options) {
  return Reader(options).read(file);
}

SourceTable expand_text(std::string_view toml, const std::string& label,
                        const ResolveOptions& options) {
  return Reader(options).expand(toml, label, {});
}

}  // namespace assay
