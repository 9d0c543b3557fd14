// SPDX-License-Identifier: Apache-2.0
#include "data/class_names.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "data/image_listing.h"

namespace assay {

std::vector<std::string> class_names(const DatasetRequest& request) {
  if (request.name == "fashion_mnist") {
    // Its authors write "T-shirt/top", which no folder can be called.
    return {"T-shirt_top", "Trouser", "Pullover", "Dress", "Coat",
            "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};
  }
  if (request.name == "cifar10") {
    return {"airplane", "automobile", "bird",  "cat",  "deer",
            "dog",      "frog",       "horse", "ship", "truck"};
  }
  if (request.name == "image_folder") return list_images(request.path).classes;
  return {};
}

std::optional<std::int64_t> class_number(std::string_view name) {
  // from_chars would take a sign.
  if (name.empty() || name.find_first_not_of("0123456789") != std::string_view::npos) return {};
  std::int64_t number = 0;
  const auto [end, problem] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (problem != std::errc{}) return {};
  return number;
}

bool are_numbers(std::span<const std::string> names) {
  std::set<std::int64_t> seen;
  return !names.empty() && std::all_of(names.begin(), names.end(), [&](const auto& name) {
    const auto number = class_number(name);
    return number && seen.insert(*number).second;
  });
}

std::string some_of(std::span<const std::string> names) {
  constexpr std::size_t kShown = 8;
  const auto shown = names.first(std::min(names.size(), kShown));
  return fmt::format(
      "{}{}", fmt::join(shown, ", "),
      names.size() > kShown ? fmt::format(" and {} more", names.size() - kShown) : "");
}

std::vector<std::string> in_class_order(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  if (are_numbers(names)) {
    std::sort(names.begin(), names.end(), [](const auto& one, const auto& other) {
      return *class_number(one) < *class_number(other);
    });
  }
  return names;
}

}  // namespace assay
