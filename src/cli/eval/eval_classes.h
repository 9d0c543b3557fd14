// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cli/eval/eval_source.h"

namespace assay {

/// The classes of both sides of an evaluation under one list.
struct SharedClasses {
  std::vector<std::string> names;           ///< by label; empty if a side has no labels
  std::vector<std::string> only_generated;  ///< of pictures that the reference has none of
  std::vector<std::string> only_reference;  ///< never generated
  std::string problem;  ///< why labels of one side mean nothing on the other; empty if they do
};

/// Renumbers the labels of both sides onto one list of their classes: by name where both name them,
/// else by number, where folders named 0, 1, … count as numbers. If neither is possible the labels
/// stay as they are, and `problem` says why. Whoever compares labels has to look at it first.
SharedClasses share_classes(EvalSource& generated, EvalSource& reference);

/// " (class 0 is cat, 1 is dog)", for messages of metrics, which know classes by their labels;
/// empty where these are the names.
std::string legend(const SharedClasses& classes);

/// Throws Error naming `metric` and the classes unless labels of both sides mean the same. Where
/// not `all_generated`, a class that was never generated is no reason.
void require_shared(const SharedClasses& classes, const std::string& metric, bool all_generated);

}  // namespace assay
