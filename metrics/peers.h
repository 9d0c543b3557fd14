// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace assay {

/// A program whose conventions a metric can follow (`--compat`).
struct Peer {
  std::string_view name;
  std::string_view version;               ///< whose source was read
  std::vector<std::string_view> metrics;  ///< that it computes and ours can follow
};

/// torch-fidelity, clean-fid, pytorch-fid, torchmetrics, prdc.
const std::vector<Peer>& peers();

/// Throws Error with the near miss for an unknown peer.
const Peer& peer(std::string_view name);

/// Whether a peer computes a metric in a way that ours can follow.
bool peer_computes(std::string_view peer_name, std::string_view metric);

/// Throws Error if `compat` names a peer (empty: none) that has no such metric.
void check_compat(std::string_view compat, std::string_view metric);

}  // namespace assay
