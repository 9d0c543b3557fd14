// SPDX-License-Identifier: Apache-2.0
#include "results/prune.h"

#include <fmt/format.h>

#include "cli/app.h"
#include "cli/commands/commands.h"
#include "core/folder.h"
#include "results/store.h"

namespace assay {

namespace {

int prune_command(const CommonOptions& options) {
  if (!path_exists(options.database)) Database::open_for_reading(options.database);
  Pruned pruned;
  {
    Database database = Database::open_for_writing(options.database);
    pruned = prune_pictures(database);
  }
  std::error_code unknown;
  const auto size = std::filesystem::file_size(options.database, unknown);
  fmt::print(
      "{}: {} pictures deleted that reports do not show ({:.1f} MB); the file has {:.1f} MB\n",
      options.database.string(), pruned.pictures, 1e-6 * static_cast<double>(pruned.bytes),
      1e-6 * static_cast<double>(unknown ? 0 : size));
  return 0;
}

}  // namespace

void add_prune(App& app) {
  CLI::App* prune = app.command("prune",
                                "delete the pictures that no report shows, to keep or send a "
                                "database: all but the last samples of every seed but the lowest",
                                "assay prune --db results/assay.sqlite");
  app.act(prune, [&app] { return prune_command(app.common()); });
}

}  // namespace assay
