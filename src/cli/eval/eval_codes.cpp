// SPDX-License-Identifier: Apache-2.0
#include "cli/eval/eval_codes.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cstdint>
#include <tuple>
#include <vector>

#include "core/error.h"
#include "data/npz_dataset.h"

namespace assay {
namespace {

// Each value's place among those of its column. Metrics count values, so that ids, years or
// gaps would otherwise cost memory for every number up to the largest.
at::Tensor as_places(const at::Tensor& factors) {
  std::vector<at::Tensor> columns;
  for (std::int64_t i = 0; i < factors.size(1); ++i) {
    columns.push_back(std::get<1>(at::_unique(factors.select(1, i).contiguous(), /*sorted=*/true,
                                              /*return_inverse=*/true)));
  }
  return at::stack(columns, 1);
}

at::Tensor npz_factors(const NpzFile& file, std::int64_t rows) {
  if (!file.contains("factors")) return {};
  const at::Tensor array = file.read("factors");
  const bool whole = at::isIntegralType(array.scalar_type(), /*includeBool=*/true);
  if (!whole || array.dim() != 2 || array.numel() == 0) {
    throw Error(fmt::format(
        "{}: its factors are {} {}; whole numbers, int64 or uint8 [N,F], are needed: the place of "
        "each value among the factor's values, from 0",
        file.label(), c10::toString(array.scalar_type()), c10::str(array.sizes())));
  }
  const auto factors = array.to(at::kLong);
  if (factors.min().item<std::int64_t>() < 0) {
    throw Error(fmt::format("{}: holds a negative factor; values count from 0", file.label()));
  }
  if (factors.size(0) != rows) {
    throw Error(
        fmt::format("{}: holds {} rows of codes, but {} of factors; each row of both is of "
                    "one image",
                    file.label(), rows, factors.size(0)));
  }
  return as_places(factors);
}

at::Tensor npz_logvar(const NpzFile& file, const at::Tensor& codes) {
  const auto logvar = npz_rows(file, "codes_logvar").value_or(at::Tensor());
  if (logvar.defined() && logvar.sizes() != codes.sizes()) {
    throw Error(fmt::format("{}: its codes are {}, its codes_logvar {}; each code needs its own",
                            file.label(), c10::str(codes.sizes()), c10::str(logvar.sizes())));
  }
  return logvar;
}

}  // namespace

void try_to_read(Unread& unread, const std::string& array, const std::function<void()>& read) {
  try {
    read();
  } catch (const Error& problem) {
    unread.emplace(array, problem.what());
  }
}

void require_read(const Unread& unread, const std::string& array, std::string_view metric) {
  const auto reason = unread.find(array);
  if (reason != unread.end()) throw Error(fmt::format("{}: {}", metric, reason->second));
}

CodeInputs npz_codes(const NpzFile& file, Unread& unread) {
  CodeInputs found;
  try_to_read(unread, "codes", [&] {
    found.means = npz_rows(file, "codes").value_or(at::Tensor());
    if (found.means.defined()) return;
    for (const char* other : {"factors", "codes_logvar"}) {
      if (!file.contains(other)) continue;
      throw Error(fmt::format("{}: holds {}, but no 'codes' (float [N,L]) beside them",
                              file.label(), other));
    }
  });
  if (!found.means.defined()) return found;
  try_to_read(unread, "codes_logvar", [&] { found.logvar = npz_logvar(file, found.means); });
  try_to_read(unread, "factors", [&] { found.factors = npz_factors(file, found.means.size(0)); });
  return found;
}

void refuse_codes(const Metric& metric, Part missing, const Unread& unread,
                  const std::string& label) {
  std::string array = "factors", what = "'factors' (int64 [N,F]), what the images were made of,";
  if (missing == Part::kCodes) {
    array = "codes";
    what = "an .npz with 'codes' (float [N,L])";
  } else if (missing == Part::kPosteriors) {
    array = "codes_logvar";
    what = "'codes_logvar' (float [N,L]), the log-variances of posteriors,";
  }
  require_read(unread, array, metric.name);
  throw Error(fmt::format("{}: needs {} in --generated; {} has none", metric.name, what, label));
}

}  // namespace assay
