// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>
#include <string>

#include "cli/app.h"
#include "cli/commands/commands.h"
#include "cli/text/words.h"
#include "results/queries.h"
#include "results/remarks.h"

namespace assay {
namespace {

struct Remarked {
  std::string run, text;
  bool remove = false;
};

// The run is looked for before anything is written: a database that is not there is not made.
int remark(const CommonOptions& common, const Remarked& said, RemarkKind kind) {
  const RunRow run = find_run(Database::open_for_reading(common.database), said.run);
  auto database = Database::open_for_writing(common.database);
  add_remark(database, run.uuid, kind, said.text);
  if (!common.quiet) {
    fmt::print("run {} of {}, seed {}\n", run.number, terminal_text(run.experiment), run.seed);
  }
  return 0;
}

std::shared_ptr<Remarked> with_run(CLI::App* command) {
  const auto said = std::make_shared<Remarked>();
  command->add_option("RUN", said->run, "number or uuid prefix")->required();
  return said;
}

}  // namespace

void add_note(App& app) {
  CLI::App* note = app.command("note", "keeps a sentence with a run; report and show have it",
                               "assay note 12 \"the learning rate was a typing error\"");
  const auto noted = with_run(note);
  note->add_option("TEXT", noted->text, "what to say")->required()->check(not_empty);
  app.act(note, [&app, noted] { return remark(app.common(), *noted, RemarkKind::kNote); });

  CLI::App* tag = app.command("tag", "gives a run a tag, one word; report and show have it",
                              "assay tag 12 camera-ready");
  const auto tagged = with_run(tag);
  tag->add_option("NAME", tagged->text, "the tag")->required()->check(not_empty);
  tag->add_flag("--remove", tagged->remove, "take the tag away");
  app.act(tag, [&app, tagged] {
    return remark(app.common(), *tagged, tagged->remove ? RemarkKind::kUntag : RemarkKind::kTag);
  });

  CLI::App* hide =
      app.command("hide", "leaves a run out of lists, reports and comparisons, which say so",
                  "assay hide 12 --why \"trained on the wrong split\"");
  const auto hidden = with_run(hide);
  hide->add_option("--why", hidden->text, "the reason, which reports give");
  app.act(hide, [&app, hidden] { return remark(app.common(), *hidden, RemarkKind::kHide); });

  CLI::App* unhide = app.command("unhide", "shows a hidden run again", "assay unhide 12");
  const auto shown = with_run(unhide);
  app.act(unhide, [&app, shown] { return remark(app.common(), *shown, RemarkKind::kUnhide); });
}

}  // namespace assay
