// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>
#include <memory>
#include <string>

#include "cli/app.h"
#include "cli/commands/commands.h"
#include "cli/text/table.h"
#include "core/error.h"
#include "core/folder.h"
#include "core/near_miss.h"
#include "core/shell_words.h"
#include "data/dataset.h"
#include "data/verify.h"
#include "metrics/extractors/published_weights.h"

namespace assay {
namespace {

const PublishedWeights* weights_named(const std::string& name) {
  for (const auto& one : published_weights()) {
    // As papers call it.
    if (one.extractor == name || (name == "inception" && one.extractor == "inception-v3")) {
      return &one;
    }
  }
  return nullptr;
}

const DatasetSource& dataset_named(const std::string& name) {
  std::vector<std::string> known;
  for (const auto& source : datasets()) {
    if (source.name == name) return source;
    known.emplace_back(source.name);
  }
  for (const auto& one : published_weights()) known.emplace_back(one.extractor);
  throw Error(fmt::format("unknown data set or weights '{:.100}'{}", name,
                          suggestion(name, known, "data sets and weights")));
}

std::string weights_page(const PublishedWeights& weights) {
  const auto place = place_of(weights);
  const bool there = is_file(place);
  std::string page =
      fmt::format("{}: weights that others publish ({})\n", weights.extractor, weights.licence);
  page += fmt::format("  from     {}\n", weights.url);
  if (!weights.remark.empty()) page += fmt::format("           {}\n", weights.remark);
  if (weights.bytes > 0) page += fmt::format("  size     {} bytes\n", weights.bytes);
  page += fmt::format("  SHA-256  {}\n", weights.sha256.empty()
                                             ? "not fixed: the file's own goes into each protocol"
                                             : weights.sha256);
  page += fmt::format("  place    {} ({})\n", place.string(), there ? "there" : "absent");
  if (weights.url.ends_with(".pth")) {
    page += fmt::format("  convert  ci/convert_weights.py {} {}\n",
                        weights.url.substr(weights.url.rfind('/') + 1), shell_word(place.string()));
  }
  return page;
}

// "shape 3, scale 6", or nothing.
std::string factors_text(const std::vector<Factor>& factors) {
  std::vector<std::string> parts;
  for (const Factor& factor : factors) {
    parts.push_back(fmt::format("{} {}", factor.name, factor.size));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

Json factors_json(const std::vector<Factor>& factors) {
  Json json = Json::array();
  for (const Factor& factor : factors)
    json.push_back({{"name", factor.name}, {"size", factor.size}});
  return json;
}

std::string dataset_page(const DatasetSource& source) {
  DatasetRequest request;
  request.name = std::string(source.name);
  const auto found = source.locate(request);
  const auto factors = factors_text(source.factors());
  return fmt::format("{}: {} ({})\n  to get it  {}\n  place      {}\n{}", source.name, source.title,
                     source.licence, source.how_to_get, found ? found->string() : "absent",
                     factors.empty() ? "" : fmt::format("  factors    {}\n", factors));
}

int data_list_command(const CommonOptions& options) {
  Json json = Json::array();
  Table table({"data set", "what", "licence", "where"});
  for (const DatasetSource& source : datasets()) {
    DatasetRequest request;
    request.name = std::string(source.name);
    const auto found = source.locate(request);
    table.add({std::string(source.name), std::string(source.title), std::string(source.licence),
               found ? found->string() : fmt::format("absent: {}", source.how_to_get)});
    json.push_back({{"name", source.name},
                    {"title", source.title},
                    {"licence", source.licence},
                    {"found", found ? Json(found->string()) : Json()},
                    {"how_to_get", source.how_to_get},
                    {"factors", factors_json(source.factors())}});
  }
  if (options.json) {
    print_json(json);
  } else {
    fmt::print("{}", table.text());
  }
  return 0;
}

int data_fetch_command(const std::string& name) {
  if (const auto* weights = weights_named(name)) {
    fmt::print("{}", weights_page(*weights));
  } else {
    fmt::print("{}", dataset_page(dataset_named(name)));
  }
  fmt::print("assay downloads nothing while it runs: fetch it yourself and put it there.\n");
  return 0;
}

int data_verify_command(const std::string& target) {
  if (is_folder(target)) {
    for (const auto& line : verify_folder(target)) fmt::print("{}\n", line);
    return 0;
  }
  if (is_file(target)) {
    fmt::print("{}\n", verify_one(target));
    return 0;
  }
  DatasetRequest request;
  request.name = target;
  const Dataset dataset = load_dataset(request);
  const auto show = [&](const char* split, const DataSplit& data) {
    fmt::print("{}: {} examples [{}], {} classes, SHA-256 {}\n", split, data.size(),
               fmt::join(data.images.sizes().slice(1), "x"), dataset.classes, data.digest);
  };
  show("train", dataset.train);
  show("test", dataset.test);
  if (!dataset.factors.empty()) fmt::print("factors: {}\n", factors_text(dataset.factors));
  return 0;
}

}  // namespace

void add_data(App& app) {
  const auto target = std::make_shared<std::string>();
  CLI::App* data = app.command("data", "data sets: where found, licence, how to get them",
                               "assay data verify fashion_mnist");
  data->require_subcommand(0, 1);
  CLI::App* list = data->add_subcommand("list", "every data set (the default)");
  app.add_json(data);
  CLI::App* verify =
      data->add_subcommand("verify", "read a data set or a folder whole and check it");
  verify->add_option("NAME|FOLDER", *target)->required();
  CLI::App* fetch =
      data->add_subcommand("fetch", "where a data set or weights are published and belong");
  fetch->add_option("NAME", *target, "a data set, or an extractor")->required();
  app.act(verify, [target] { return data_verify_command(*target); });
  app.act(fetch, [target] { return data_fetch_command(*target); });
  app.act(list, [&app] { return data_list_command(app.common()); });
  app.act(data, [&app] { return data_list_command(app.common()); });
}

}  // namespace assay
