// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assay {

/// A value of a pickle. Nothing is ever run: a call is kept as the function's name and its
/// arguments.
struct PickleNode {
  enum class Kind {
    kNone,
    kBool,        ///< integer: 0 or 1
    kInteger,     ///< integer
    kReal,        ///< real
    kText,        ///< text
    kTuple,       ///< items
    kList,        ///< items
    kDict,        ///< entries
    kGlobal,      ///< text: "module name"
    kCall,        ///< text: "module name" of the function; items: arguments; entries: what was set
    kPersistent,  ///< items: the persistent id, a tuple
  };
  using Entry = std::pair<const PickleNode*, const PickleNode*>;

  Kind kind = Kind::kNone;
  std::int64_t integer = 0;
  double real = 0.0;
  std::string text = {};
  std::vector<const PickleNode*> items = {};
  std::vector<Entry> entries = {};
};

/// Owns the nodes that its root refers to.
struct PickleTree {
  std::deque<PickleNode> nodes;
  const PickleNode* root = nullptr;
};

/// Reads one pickle of protocol 2 (Python's pickletools.py) from the front of `bytes` and removes
/// it from there. Throws Error naming `label` for a global that is not in `allowed` ("module
/// name"), an opcode that data do not need, or a pickle that is cut short or damaged.
PickleTree read_pickle(std::string_view& bytes, std::span<const std::string_view> allowed,
                       const std::string& label);

}  // namespace assay
