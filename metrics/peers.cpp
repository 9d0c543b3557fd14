// SPDX-License-Identifier: Apache-2.0
#include "metrics/peers.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/error.h"
#include "core/near_miss.h"

namespace assay {

const std::vector<Peer>& peers() {
  static const std::vector<Peer> kPeers{
      {"torch-fidelity", "0.4.0", {"fd", "kid", "inception_score", "precision", "recall"}},
      {"clean-fid", "0.1.35", {"fd", "kid"}},
      {"pytorch-fid", "0.3.0", {"fd"}},
      {"torchmetrics", "1.9", {"fd", "kid", "inception_score"}},
      {"prdc", "0.2", {"precision", "recall", "density", "coverage"}}};
  return kPeers;
}

const Peer& peer(std::string_view name) {
  const auto& known = peers();
  const auto found =
      std::find_if(known.begin(), known.end(), [&](const Peer& one) { return one.name == name; });
  if (found != known.end()) return *found;
  std::vector<std::string> names;
  for (const Peer& one : known) names.emplace_back(one.name);
  throw Error(fmt::format("unknown peer '{:.100}'{}", name, suggestion(name, names, "peers")));
}

bool peer_computes(std::string_view peer_name, std::string_view metric) {
  const auto& has = peer(peer_name).metrics;
  return std::find(has.begin(), has.end(), metric) != has.end();
}

void check_compat(std::string_view compat, std::string_view metric) {
  if (compat.empty() || peer_computes(compat, metric)) return;
  const Peer& followed = peer(compat);
  throw Error(
      fmt::format("{}: {} {} does not compute it, so there is no convention to follow; it "
                  "computes {}",
                  metric, followed.name, followed.version, fmt::join(followed.metrics, ", ")));
}

}  // namespace assay
