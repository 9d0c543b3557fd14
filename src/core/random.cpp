// SPDX-License-Identifier: Apache-2.0
#include "core/random.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <array>
#include <cmath>
#include <numbers>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "core/digest.h"

namespace assay {

std::uint64_t stream_seed(std::uint64_t run_seed, std::string_view name) {
  Sha256 digest;
  digest.update(std::string_view("assay stream v1\0", 16));
  digest.update(std::to_string(run_seed)).update(std::string_view("\0", 1)).update(name);
  const Sha256Bytes bytes = digest.bytes();
  std::uint64_t seed = 0;
  for (std::size_t i = 0; i < 8; ++i) seed |= std::uint64_t{bytes[i]} << (8 * i);
  return seed;
}

std::uint64_t RandomStream::below(std::uint64_t n) {
  if (n == 0) throw std::invalid_argument("RandomStream::below(0)");
  // The largest multiple of n that fits: draws above it would favour small remainders.
  const std::uint64_t limit = UINT64_MAX - (UINT64_MAX % n + 1) % n;
  std::uint64_t draw = bits();
  while (draw > limit) draw = bits();
  return draw % n;
}

double RandomStream::uniform() { return static_cast<double>(bits() >> 11) * 0x1.0p-53; }

double RandomStream::normal() {
  if (has_spare_) {
    has_spare_ = false;
    return spare_normal_;
  }
  const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
  const double angle = 2.0 * std::numbers::pi * uniform();
  spare_normal_ = radius * std::sin(angle);
  has_spare_ = true;
  return radius * std::cos(angle);
}

std::vector<std::int64_t> RandomStream::permutation(std::int64_t n) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  for (std::size_t i = order.size(); i > 1; --i) {
    std::swap(order[i - 1], order[below(i)]);
  }
  return order;
}

std::vector<std::int64_t> RandomStream::choice(std::int64_t n, std::int64_t count) {
  auto drawn = permutation(n);
  drawn.resize(static_cast<std::size_t>(count));
  return drawn;
}

std::string random_uuid() {
  std::array<std::uint8_t, 16> b{};
  if (getrandom(b.data(), b.size(), 0) != static_cast<ssize_t>(b.size())) {
    throw std::runtime_error("the operating system gave no random bytes");
  }
  b[6] = static_cast<std::uint8_t>((b[6] & 0x0F) | 0x40);
  b[8] = static_cast<std::uint8_t>((b[8] & 0x3F) | 0x80);
  std::string text;
  for (std::size_t i = 0; i < b.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += fmt::format("{:02x}", b[i]);
  }
  return text;
}

}  // namespace assay
