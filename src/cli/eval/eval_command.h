// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/context.h"

namespace assay {

struct EvalCommand {
  CommonOptions common;
  std::string generated;             ///< folder, .npz, DATASET:SPLIT, RUN or weights
  std::string definition;            ///< the experiment that weights are of; else empty
  std::string reference;             ///< the same; may be empty for metrics of codes alone
  std::string held_out;              ///< real data that the model was not trained on, or empty
  std::vector<std::string> metrics;  ///< empty: the usual ones that the inputs allow
  std::vector<std::string> set;      ///< "metric.key=value", and "sampler.key=value" of a RUN
  std::string compat;                ///< a peer whose conventions to follow, or empty
  std::string extractor = "efficientnet-lite0";
  std::string resize;   ///< a resize rule; empty: the extractor's own
  std::string weights;  ///< a file for the extractor instead of the one in the cache
  std::int64_t neighbours = 3;
  std::int64_t count = 0;  ///< samples drawn from a RUN; 0: what its definition evaluates
  std::optional<std::uint64_t> seed = {};  ///< of a RUN's samples; none: those that scored it
  std::filesystem::path data;  ///< where the data of a RUN lie now; empty: where they lay
  std::string device = "auto";
  std::string record;  ///< experiment whose run stores the scores; empty: nothing is stored
};

/// `assay eval`: metrics on anything.
int eval_command(const EvalCommand& command);

}  // namespace assay
