// SPDX-License-Identifier: Apache-2.0
#include "cli/run/work_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "cli/run/data_digests.h"
#include "cli/stored.h"
#include "core/error.h"
#include "core/random.h"
#include "families/registry.h"
#include "harness/environment.h"
#include "harness/runner.h"
#include "results/queries.h"
#include "results/store.h"

namespace assay {
namespace {

const std::string& digest_of(DataDigests& digests, const Definition& definition) {
  const auto& digest = digests.of(definition);
  if (digest) return *digest;
  const std::string& name = definition.text("dataset.name");
  throw Error(
      fmt::format("data set {} is not on this machine; {}", name, dataset_source(name).how_to_get));
}

// One planned run, and by what it is known.
struct Point {
  const PlannedRun* planned;
  std::string id, training_id;
  Circumstances at;

  using Key = std::tuple<std::string, std::string, std::uint64_t, bool>;
  Key key() const { return {id, at.data_digest, at.seed, at.smoke}; }
  Key training_key() const { return {training_id, at.data_digest, at.seed, at.smoke}; }
  /// Of the point whose weights it trains on, which a plan names before it.
  std::optional<Key> first_stage() const {
    const auto& first = planned->definition.first_stage;
    if (!first) return std::nullopt;
    return Key{first->id(), at.data_digest, at.seed, at.smoke};
  }
};
using PointKey = Point::Key;

std::vector<Point> points_of(const Plan& plan, torch::Device device, int threads) {
  const std::string code = this_commit().code_digest;
  DataDigests digests;
  std::vector<Point> points;
  std::set<PointKey> seen;
  for (const PlannedRun& planned : plan.runs) {
    const Definition& definition = planned.definition;
    Point point{&planned,
                definition.id(),
                definition.training_id(),
                {planned.seed, digest_of(digests, definition), code,
                 device.is_cuda() ? "cuda" : "cpu", threads, planned.smoke}};
    if (seen.insert(point.key()).second) points.push_back(std::move(point));
  }
  return points;
}

// A point that is to be run, and under which uuid: a new one, or that of a run that goes on.
struct Candidate {
  const Point* point;
  std::optional<RunRow> unfinished;
  std::string uuid;

  bool trains_by_itself() const {
    return unfinished ? !unfinished->parent_uuid
                      : is_scored_during_training(point->planned->definition);
  }
};

class Planner {
 public:
  Planner(Database& database, bool again)
      : database_(database),
        again_(again),
        newest_(database.integer("SELECT COALESCE(MAX(id), 0) FROM run")) {}

  Work plan(const std::vector<Point>& points) {
    const std::vector<Candidate> candidates = to_be_run(points);
    // Of these each leaves weights that others can score, wherever it stands in the plan.
    for (const bool resumed : {true, false}) {
      for (const Candidate& one : candidates) {
        if (one.unfinished.has_value() == resumed && one.trains_by_itself()) {
          trainers_.try_emplace(one.point->training_key(), one.uuid);
        }
      }
    }
    for (const Candidate& one : candidates) {
      const WorkOrder order = one.unfinished ? resumed_order(one) : new_order(one);
      trained_by_[one.point->key()] = order.parent.empty() ? order.uuid : order.parent;
      work_.orders.push_back(order);
    }
    return std::move(work_);
  }

 private:
  std::vector<Candidate> to_be_run(const std::vector<Point>& points) {
    std::vector<Candidate> candidates;
    std::set<PointKey> wanted;  // first stages that somebody is to train on
    for (const Point& point : points) {
      const auto first = point.first_stage();
      // Asked last: looking for weights reads whole checkpoints.
      if (!first || complete_run(point) || weights_of(point) || goes_on(point)) continue;
      wanted.insert(*first);
    }
    for (const Point& point : points) {
      const auto complete = complete_run(point);
      if (complete && has_weights_if(wanted.contains(point.key()), *complete)) {
        work_.done.push_back(complete->uuid);
        trained_by_[point.key()] = complete->parent_uuid.value_or(complete->uuid);
        continue;
      }
      if (const auto running = find_running(database_, point.id, point.at)) {
        work_.notes.push_back(
            fmt::format("{}: another process is at work on it (run {}); it is not begun twice",
                        run_label(point.planned->definition.name, point.at.seed), running->number));
        trained_by_[point.key()] = running->parent_uuid.value_or(running->uuid);
        continue;
      }
      auto unfinished = again_ ? std::nullopt : find_interrupted(database_, point.id, point.at);
      if (unfinished && !has_its_weights(*unfinished)) {
        work_.notes.push_back(fmt::format(
            "{}: run {} stands on weights that are gone; it begins anew",
            run_label(point.planned->definition.name, point.at.seed), unfinished->number));
        unfinished.reset();
      }
      const std::string uuid = unfinished ? unfinished->uuid : random_uuid();
      candidates.push_back({&point, std::move(unfinished), uuid});
    }
    return candidates;
  }

  // One on another first stage than those there are does not stand in.
  bool stands_on_what_is_there(const Point& point, const RunRow& run) const {
    const auto& first = point.planned->definition.first_stage;
    if (!first) return true;
    const auto known = find_trained(database_, first->training_id(), point.at);
    return known.empty() || std::ranges::any_of(known, [&](const RunRow& one) {
             return run.first_stage_state == one.state_hash;
           });
  }

  std::optional<RunRow> complete_run(const Point& point) const {
    if (again_) return std::nullopt;
    auto complete = find_complete(database_, point.id, point.at);
    if (complete && !stands_on_what_is_there(point, *complete)) complete.reset();
    return complete;
  }

  // The complete runs that trained what a point would, the newest first.
  std::vector<RunRow> trained_runs(const Point& point) const {
    if (again_) return {};
    auto trained = find_trained(database_, point.training_id, point.at);
    std::erase_if(trained, [&](const RunRow& run) { return !stands_on_what_is_there(point, run); });
    return trained;
  }

  // The uuid of one whose weights are there.
  std::optional<std::string> weights_of(const Point& point) const {
    for (const RunRow& row : trained_runs(point)) {
      if (sound_checkpoint(database_, row.number)) return row.uuid;
    }
    return std::nullopt;
  }

  // Whether a run of it has a checkpoint, which holds its first stage.
  bool goes_on(const Point& point) const {
    const auto unfinished = again_ ? std::nullopt : find_interrupted(database_, point.id, point.at);
    return unfinished && sound_checkpoint(database_, unfinished->number).has_value();
  }

  bool has_weights_if(bool wanted, const RunRow& complete) {
    if (!wanted || sound_checkpoint(database_, trained_run(database_, complete).number))
      return true;
    work_.notes.push_back(
        fmt::format("{}: run {} trained it, but its weights are gone; it trains anew",
                    run_label(complete.experiment, complete.seed), complete.number));
    return false;
  }

  // A run that scores another's weights, or has yet to begin on a first stage's, can only go on
  // where they still are.
  bool has_its_weights(const RunRow& unfinished) const {
    if (unfinished.parent_uuid) {
      return sound_checkpoint(database_, find_run(database_, *unfinished.parent_uuid).number)
          .has_value();
    }
    if (!unfinished.first_stage_uuid || sound_checkpoint(database_, unfinished.number)) return true;
    try {
      first_stage_of(database_, unfinished);
      return true;
    } catch (const Error&) {
      return false;
    }
  }

  // Its data are known by their content, and may lie elsewhere than when it began.
  WorkOrder resumed_order(const Candidate& one) {
    WorkOrder order = order_to_resume(database_, *one.unfinished);
    order.data = one.point->planned->definition.text("dataset.path");
    return order;
  }

  WorkOrder new_order(const Candidate& one) {
    const Definition& definition = one.point->planned->definition;
    const std::string& id = one.point->id;
    add_experiment(database_, {id, definition.name, definition.family, definition.toml()});
    WorkOrder order{one.uuid, run_label(definition.name, one.point->at.seed), false, id,
                    one.point->at.seed};
    order.smoke = one.point->at.smoke;
    order.options = one.point->planned->options;
    order.source = one.point->planned->source;
    order.definition = definition.toml();
    order.data_digest = one.point->at.data_digest;
    order.planned_after = newest_;
    order.parent = one.trains_by_itself() ? "" : weights_for(one);
    if (!order.parent.empty()) return order;
    order.places = seeds_together(definition);
    if (const auto first = one.point->first_stage()) order.first_stage = trained_by_.at(*first);
    return order;
  }

  // The run whose weights it scores; empty if there is none, and so it trains.
  std::string weights_for(const Candidate& one) {
    const Point& point = *one.point;
    const auto trainer = trainers_.find(point.training_key());
    if (trainer != trainers_.end()) return trainer->second;
    if (const auto weights = weights_of(point)) return *weights;
    if (const auto trained = trained_runs(point); !trained.empty()) {
      work_.notes.push_back(fmt::format(
          "{}: run {} trained the same weights, but they are gone; it trains anew",
          run_label(point.planned->definition.name, point.at.seed), trained.front().number));
    }
    trainers_.emplace(point.training_key(), one.uuid);
    return "";
  }

  Database& database_;
  bool again_;
  std::int64_t newest_;                         // run
  std::map<PointKey, std::string> trainers_;    // uuids, by training_key()
  std::map<PointKey, std::string> trained_by_;  // uuids, by key()
  Work work_;
};

}  // namespace

bool is_scored_during_training(const Definition& definition) {
  return definition.integer("eval.every_images") > 0;
}

std::string run_label(const std::string& experiment, std::uint64_t seed) {
  return fmt::format("{} seed {}", experiment, seed);
}

WorkOrder order_to_resume(const Database& database, const RunRow& row) {
  WorkOrder order{row.uuid, run_label(row.experiment, row.seed), true, row.experiment_id, row.seed};
  order.parent = row.parent_uuid.value_or("");
  order.smoke = row.smoke;
  std::optional<CheckpointSaved> checkpoint;
  try {
    if (order.parent.empty()) {
      order.places = seeds_together(stored_definition(database, row));
    }
    if (order.places > 0) checkpoint = sound_checkpoint(database, row.number);
  } catch (const Error&) {
    order.places = 0;  // the worker that does such a run says what is wrong
  }
  order.settings =
      fmt::format("{} {} {}", checkpoint ? checkpoint->images_seen : -1, row.device, row.threads);
  order.data_digest = row.data_digest.value_or("");
  return order;
}

Work plan_work(Database& database, const Plan& plan, torch::Device device, int threads,
               bool again) {
  return Planner(database, again).plan(points_of(plan, device, threads));
}

}  // namespace assay
