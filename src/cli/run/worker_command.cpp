// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "cli/app.h"
#include "cli/commands/commands.h"
#include "cli/run/worker.h"

namespace assay {

void add_worker(App& app) {
  struct Options {
    std::vector<std::string> uuids;
    std::vector<std::uint64_t> seeds;
    WorkOrder order;  // what they have in common
    WorkOptions work;
  };
  auto options = std::make_shared<Options>();
  CLI::App* worker = app.command(
      "worker", "does one run, or several seeds as one model; started by run and resume",
      "assay worker --uuid …");
  worker->group("");
  worker->add_option("--uuid", options->uuids)->required()->allow_extra_args(false);
  worker->add_option("--label", options->order.label);
  worker->add_option("--experiment", options->order.experiment_id);
  worker->add_option("--seed", options->seeds)->allow_extra_args(false);
  worker->add_option("--options", options->order.options);
  worker->add_option("--definition", options->order.definition);
  worker->add_option("--data-digest", options->order.data_digest);
  worker->add_option("--parent", options->order.parent);
  worker->add_option("--planned-after", options->order.planned_after);
  worker->add_option("--first-stage", options->order.first_stage);
  worker->add_option("--data", options->work.data);
  worker->add_option("--source", options->order.source);
  worker->add_flag("--smoke", options->order.smoke);
  worker->add_flag("--resume", options->order.resume);
  worker->add_option("--device", options->work.device);
  worker->add_option("--jobs", options->work.jobs);
  worker->add_option("--max-minutes", options->work.max_minutes);
  app.act(worker, [&app, options] {
    options->work.common = app.common();
    WorkGroup group(options->uuids.size(), options->order);
    for (std::size_t i = 0; i < group.size(); ++i) {
      group[i].uuid = options->uuids[i];
      if (!options->order.resume) group[i].seed = options->seeds.at(i);
    }
    return work(group, options->work);
  });
}

}  // namespace assay
