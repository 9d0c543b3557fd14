// SPDX-License-Identifier: Apache-2.0
#include "cli/work_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "cli/stored.h"
#include "core/error.h"
#include "core/random.h"
#include "data/data_digest.h"
#include "harness/environment.h"
#include "harness/runner.h"
#include "results/queries.h"
#include "results/store.h"

namespace assay {
namespace {

std::string label_of(const std::string& experiment, std::uint64_t seed) {
  return fmt::format("{} seed {}", experiment, seed);
}

// What is scored at the end alone can be scored from final weights.
bool is_scored_during_training(const Definition& definition) {
  return definition.integer("eval.every_images") > 0;
}

// Data are read once for all runs on them.
class Digests {
 public:
  const std::string& of(const Definition& definition) {
    const DatasetRequest request = dataset_request_of(definition);
    const auto [found, is_new] = known_.try_emplace(
        std::tuple(request.name, request.path, request.count, request.seed), std::string());
    if (is_new) {
      const auto digest = data_digest(request);
      if (!digest) {
        throw Error(fmt::format("data set {} is not on this machine; {}", request.name,
                                dataset_source(request.name).how_to_get));
      }
      found->second = *digest;
    }
    return found->second;
  }

 private:
  std::map<std::tuple<std::string, std::string, std::int64_t, std::uint64_t>, std::string> known_;
};

// One planned run, and by what it is known.
struct Point {
  const PlannedRun* planned;
  std::string id, training_id;
  Circumstances at;

  std::tuple<std::string, std::string, std::uint64_t, bool> key() const {
    return {id, at.data_digest, at.seed, at.smoke};
  }
  std::tuple<std::string, std::string, std::uint64_t, bool> training_key() const {
    return {training_id, at.data_digest, at.seed, at.smoke};
  }
};
using TrainingKey = decltype(std::declval<Point>().training_key());

std::vector<Point> points_of(const Plan& plan, torch::Device device, int threads) {
  const std::string code = this_commit().code_digest;
  Digests digests;
  std::vector<Point> points;
  std::set<TrainingKey> seen;
  for (const PlannedRun& planned : plan.runs) {
    const Definition& definition = planned.definition;
    Point point{&planned,
                definition.id(),
                definition.training_id(),
                {planned.seed, digests.of(definition), code, device.is_cuda() ? "cuda" : "cpu",
                 threads, planned.smoke}};
    if (seen.insert(point.key()).second) points.push_back(std::move(point));
  }
  return points;
}

class Planner {
 public:
  Planner(Database& database, bool again) : database_(database), again_(again) {}

  Work plan(const std::vector<Point>& points) {
    std::vector<const Point*> to_begin;
    for (const Point& point : points) {
      if (!stands_in(point)) to_begin.push_back(&point);
    }
    // A run that is scored while it trains leaves weights for the others as well.
    for (const Point* point : to_begin) {
      if (is_scored_during_training(point->planned->definition)) train(*point);
    }
    for (const Point* point : to_begin) {
      if (!is_scored_during_training(point->planned->definition)) begin(*point);
    }
    return in_the_order_of(points);
  }

 private:
  // A suite names its longest runs first, so that no core idles at the end.
  Work in_the_order_of(const std::vector<Point>& points) {
    const auto place = [&](const WorkOrder& order) {
      return std::ranges::find_if(points, [&](const Point& point) {
        return point.id == order.experiment_id && point.at.seed == order.seed &&
               point.at.data_digest == order.data_digest && point.at.smoke == order.smoke;
      });
    };
    std::ranges::stable_sort(work_.orders, {}, [&](const WorkOrder& one) { return place(one); });
    return std::move(work_);
  }

  bool stands_in(const Point& point) {
    if (again_) return false;
    if (const auto complete = find_complete(database_, point.id, point.at)) {
      work_.done.push_back(complete->uuid);
      return true;
    }
    const auto unfinished = find_interrupted(database_, point.id, point.at);
    if (!unfinished) return false;
    work_.orders.push_back(order_to_resume(database_, *unfinished));
    if (!unfinished->parent_uuid) trainers_.try_emplace(point.training_key(), unfinished->uuid);
    return true;
  }

  void begin(const Point& point) {
    const auto trainer = trainers_.find(point.training_key());
    if (trainer != trainers_.end()) return score(point, trainer->second);
    if (!again_) {
      if (const auto trained = find_trained(database_, point.training_id, point.at)) {
        if (sound_checkpoint(database_, trained->number)) return score(point, trained->uuid);
        work_.notes.push_back(
            fmt::format("{}: run {} trained the same weights, but they are gone; it trains anew",
                        label_of(point.planned->definition.name, point.at.seed), trained->number));
      }
    }
    train(point);
  }

  void train(const Point& point) {
    WorkOrder order = order_of(point);
    order.places = point.planned->definition.integer("train.seed_batch");
    trainers_.try_emplace(point.training_key(), order.uuid);
    work_.orders.push_back(std::move(order));
  }

  void score(const Point& point, const std::string& trainer) {
    WorkOrder order = order_of(point);
    order.parent = trainer;
    work_.orders.push_back(std::move(order));
  }

  WorkOrder order_of(const Point& point) {
    const Definition& definition = point.planned->definition;
    add_experiment(database_, {point.id, definition.name, definition.family, definition.toml()});
    WorkOrder order{random_uuid(), label_of(definition.name, point.at.seed), false, point.id,
                    point.at.seed};
    order.smoke = point.at.smoke;
    order.options = point.planned->options;
    order.source = point.planned->source;
    order.definition = definition.toml();
    order.data_digest = point.at.data_digest;
    return order;
  }

  Database& database_;
  bool again_;
  std::map<TrainingKey, std::string> trainers_;  // uuids
  Work work_;
};

}  // namespace

WorkOrder order_to_resume(const Database& database, const RunRow& row) {
  WorkOrder order{row.uuid, label_of(row.experiment, row.seed), true, row.experiment_id, row.seed};
  order.parent = row.parent_uuid.value_or("");
  order.smoke = row.smoke;
  try {
    if (order.parent.empty()) {
      order.places = stored_definition(database, row).integer("train.seed_batch");
    }
  } catch (const Error&) {
    order.places = 0;  // the worker that does such a run says what is wrong
  }
  const auto checkpoint = order.places > 0 ? sound_checkpoint(database, row.number) : std::nullopt;
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
