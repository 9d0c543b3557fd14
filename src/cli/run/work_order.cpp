// SPDX-License-Identifier: Apache-2.0
#include "cli/run/work_order.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>

namespace assay {
namespace {

// Whether an order can join a group.
bool joins(const WorkOrder& order, const WorkGroup& group) {
  const WorkOrder& first = group.front();
  if (order.places == 0 || order.experiment_id != first.experiment_id ||
      order.resume != first.resume || order.smoke != first.smoke ||
      order.options != first.options || order.settings != first.settings ||
      order.data_digest != first.data_digest || order.data != first.data ||
      order.source != first.source || !order.parent.empty() || !first.parent.empty()) {
    return false;
  }
  const auto place = [&](const WorkOrder& one) {
    return one.seed % static_cast<std::uint64_t>(order.places);
  };
  return std::none_of(group.begin(), group.end(),
                      [&](const WorkOrder& other) { return place(other) == place(order); });
}

}  // namespace

std::vector<WorkGroup> grouped(const std::vector<WorkOrder>& orders) {
  std::vector<WorkGroup> groups;
  for (const WorkOrder& order : orders) {
    const auto found = std::find_if(groups.begin(), groups.end(),
                                    [&](const WorkGroup& group) { return joins(order, group); });
    if (found != groups.end()) {
      found->push_back(order);
    } else {
      groups.push_back({order});
    }
  }
  return groups;
}

std::vector<std::string> worker_arguments(const WorkGroup& group, const WorkOptions& options) {
  std::vector<std::string> arguments = {"worker",
                                        "--db",
                                        options.common.database.string(),
                                        "--threads",
                                        std::to_string(options.common.threads),
                                        "--device",
                                        options.device,
                                        "--jobs",
                                        std::to_string(options.jobs)};
  const auto add = [&](std::initializer_list<std::string> more) {
    arguments.insert(arguments.end(), more);
  };
  const WorkOrder& order = group.front();
  for (const WorkOrder& one : group) add({"--uuid", one.uuid});
  if (order.resume) {
    add({"--resume"});
    const std::string data = options.data.empty() ? order.data : options.data.string();
    if (!data.empty()) add({"--data", data});
  } else {
    add({"--label", order.label, "--experiment", order.experiment_id});
    add({"--definition=" + order.definition});
    add({"--data-digest", order.data_digest});
    add({"--planned-after", std::to_string(order.planned_after)});
    if (!order.parent.empty()) add({"--parent", order.parent});
    if (!order.first_stage.empty()) add({"--first-stage", order.first_stage});
    for (const WorkOrder& one : group) add({"--seed", std::to_string(one.seed)});
    if (!order.options.empty()) add({"--options=" + order.options});
    if (!order.source.empty()) add({"--source=" + order.source});
    if (order.smoke) add({"--smoke"});
  }
  if (options.max_minutes) add({"--max-minutes", fmt::format("{}", *options.max_minutes)});
  if (options.common.debug) add({"--debug"});
  return arguments;
}

}  // namespace assay
