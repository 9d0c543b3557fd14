// SPDX-License-Identifier: Apache-2.0
#include "cli/data_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>

#include "cli/table.h"
#include "core/error.h"
#include "data/dataset.h"
#include "data/verify.h"

namespace assay {

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
                    {"how_to_get", source.how_to_get}});
  }
  fmt::print("{}", options.json ? json.dump(2) + "\n" : table.text());
  return 0;
}

int data_verify_command(const std::string& target) {
  if (std::filesystem::is_directory(target)) {
    for (const auto& line : verify_folder(target)) fmt::print("{}\n", line);
    return 0;
  }
  DatasetRequest request;
  request.name = target;
  const Dataset dataset = load_dataset(request);
  const auto show = [](const char* split, const DataSplit& data) {
    fmt::print("{}: {} examples [{}], SHA-256 {}\n", split, data.size(),
               fmt::join(data.images.sizes().slice(1), "x"), data.digest);
  };
  show("train", dataset.train);
  show("test", dataset.test);
  return 0;
}

}  // namespace assay
