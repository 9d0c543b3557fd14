// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <string>

#include "data/npz.h"
#include "metrics/metric.h"

namespace assay {

/// Arrays that are there but not as they are needed, each with the reason: an Error for a metric
/// that needs it, a note for all others.
using Unread = std::map<std::string, std::string>;

/// Does `read`, and keeps the message of its Error as the reason why `array` is unread.
void try_to_read(Unread& unread, const std::string& array, const std::function<void()>& read);
/// Throws Error if there is such a reason for `array`.
void require_read(const Unread& unread, const std::string& array, std::string_view metric);

/// What an .npz says of a model's codes: "codes" (float [N,L]), "codes_logvar" (float [N,L]: the
/// log-variances of Gaussian posteriors whose means are the codes) and "factors" (whole numbers
/// [N,F]). Factor values are names: each is given as its place among those that occur. What is not
/// there stays undefined, and what is unread: arrays of another type or shape, different N,
/// negative factors, and log-variances or factors without codes.
CodeInputs npz_codes(const NpzFile& file, Unread& unread);

/// Throws Error that says what of `codes`, `codes_logvar` and `factors` is missing, or why it could
/// not be read.
[[noreturn]] void refuse_codes(const Metric& metric, Part missing, const Unread& unread,
                               const std::string& label);

}  // namespace assay
