// SPDX-License-Identifier: Apache-2.0
#include "kernels/product/assignment.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

namespace assay {
namespace {

constexpr std::int64_t kNone = -1;
// Of the auction: ε of its first and last round as shares of the range of costs (the last one's
// over N), from one to the next, and at least that of the largest cost, whose rounding it must
// exceed.
constexpr double kFirstBid = 0.25, kLastBid = 0.05, kBidFactor = 1.0 / 6.0, kSmallestBid = 1e-14;
constexpr std::int64_t kBidsPerRow = 100;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::size_t at_index(std::int64_t i) { return static_cast<std::size_t>(i); }

// Dijkstra's search from one free row, by reduced costs c_ij − u_i − v_j ≥ 0.
struct Search {
  std::vector<double> distance;          // of each column from the row
  std::vector<std::int64_t> row_before;  // on the shortest path to the column
  std::vector<std::int64_t> open;        // columns not reached
  std::vector<std::int64_t> reached;     // in order of distance
  std::int64_t sink = kNone;             // the free column that ends the path
  double length = 0.0;
};

class Solver {
 public:
  explicit Solver(const at::Tensor& costs)
      : n_(costs.size(0)), costs_(costs.const_data_ptr<double>()), row_of_(at_index(n_), kNone) {
    result_.column_of_row.assign(at_index(n_), kNone);
    result_.row_potentials.assign(at_index(n_), 0.0);
    result_.column_potentials.assign(at_index(n_), 0.0);
  }

  Assignment solve() {
    auction();
    for (const auto row : tight_assignment()) {
      const Search search = shortest_path_from(row);
      raise_potentials(search, row);
      augment(search, row);
    }
    return std::move(result_);
  }

 private:
  // Bertsekas 1988: potentials within ε of the optimum's, of an ever smaller ε.
  void auction() {
    const auto [least, most] = std::minmax_element(costs_, costs_ + n_ * n_);
    const double range = *most - *least;
    const double rounding = kSmallestBid * std::max(std::abs(*least), std::abs(*most));
    const double last = std::max(kLastBid * range / static_cast<double>(n_), rounding);
    for (double epsilon = kFirstBid * range; epsilon > last; epsilon *= kBidFactor) bid(epsilon);
  }

  // Each free row takes its cheapest column and lowers that column's potential by ε more than its
  // second choice allows; the row that it drives out goes on in its place. Ends early after 100
  // bids a row on average.
  void bid(double epsilon) {
    std::ranges::fill(row_of_, kNone);
    std::int64_t bids = 0;
    for (std::int64_t next = 0; next < n_; ++next) {
      for (std::int64_t row = next; row != kNone;) {
        if (++bids > n_ * kBidsPerRow) return;
        const Choice choice = two_cheapest(row);
        const double gain = n_ > 1 ? choice.second_cost - choice.first_cost : 0.0;
        result_.column_potentials[at_index(choice.first)] -= gain + epsilon;
        row = std::exchange(row_of_[at_index(choice.first)], row);
      }
    }
  }

  // u_i = min_j c_ij − v_j, and each row with its cheapest column where no other has it. Returns
  // the rows left free.
  std::vector<std::int64_t> tight_assignment() {
    std::vector<std::int64_t> free;
    std::ranges::fill(row_of_, kNone);
    for (std::int64_t row = 0; row < n_; ++row) {
      const Choice choice = two_cheapest(row);
      result_.row_potentials[at_index(row)] = choice.first_cost;
      if (row_of_[at_index(choice.first)] == kNone) {
        assign(row, choice.first);
      } else {
        free.push_back(row);
      }
    }
    return free;
  }

  struct Choice {
    std::int64_t first = kNone, second = kNone;
    double first_cost = kInfinity, second_cost = kInfinity;  // c_ij − v_j
  };

  Choice two_cheapest(std::int64_t row) const {
    const double* costs = costs_ + row * n_;
    Choice choice;
    for (std::int64_t column = 0; column < n_; ++column) {
      const double cost = costs[column] - result_.column_potentials[at_index(column)];
      if (cost >= choice.second_cost) continue;
      if (cost < choice.first_cost) {
        choice = {column, choice.first, cost, choice.first_cost};
      } else {
        choice.second = column;
        choice.second_cost = cost;
      }
    }
    return choice;
  }

  void assign(std::int64_t row, std::int64_t column) {
    result_.column_of_row[at_index(row)] = column;
    row_of_[at_index(column)] = row;
  }

  Search shortest_path_from(std::int64_t start) const {
    Search search;
    search.distance.assign(at_index(n_), kInfinity);
    search.row_before.assign(at_index(n_), kNone);
    search.open.resize(at_index(n_));
    std::iota(search.open.begin(), search.open.end(), std::int64_t{0});
    for (std::int64_t row = start; search.sink == kNone;) {
      const std::int64_t column = nearest_open_column(search, row);
      if (row_of_[at_index(column)] == kNone) search.sink = column;
      row = row_of_[at_index(column)];
    }
    return search;
  }

  // Relaxes the edges of `row`, then moves the nearest column from open to reached.
  std::int64_t nearest_open_column(Search& search, std::int64_t row) const {
    const double* costs = costs_ + row * n_;
    const double base = search.length - result_.row_potentials[at_index(row)];
    double least = kInfinity;
    std::size_t nearest = 0;
    for (std::size_t k = 0; k < search.open.size(); ++k) {
      const auto column = at_index(search.open[k]);
      const double through = base + costs[column] - result_.column_potentials[column];
      if (through < search.distance[column]) {
        search.distance[column] = through;
        search.row_before[column] = row;
      }
      const double distance = search.distance[column];
      const bool ends = row_of_[column] == kNone;  // on ties, a path that ends is shortest
      if (distance < least || (distance == least && ends)) {
        least = distance;
        nearest = k;
      }
    }
    const std::int64_t column = search.open[nearest];
    search.open[nearest] = search.open.back();
    search.open.pop_back();
    search.reached.push_back(column);
    search.length = least;
    return column;
  }

  void raise_potentials(const Search& search, std::int64_t start) {
    result_.row_potentials[at_index(start)] += search.length;
    for (const auto column : search.reached) {
      const double slack = search.length - search.distance[at_index(column)];
      result_.column_potentials[at_index(column)] -= slack;
      const auto row = row_of_[at_index(column)];
      if (row != kNone) result_.row_potentials[at_index(row)] += slack;
    }
  }

  void augment(const Search& search, std::int64_t start) {
    for (std::int64_t column = search.sink, row = kNone; row != start;) {
      row = search.row_before[at_index(column)];
      row_of_[at_index(column)] = row;
      std::swap(column, result_.column_of_row[at_index(row)]);
    }
  }

  std::int64_t n_;
  const double* costs_;
  std::vector<std::int64_t> row_of_;  // of each column
  Assignment result_;
};

}  // namespace

Assignment cheapest_assignment(const at::Tensor& costs) {
  TORCH_CHECK(costs.dim() == 2 && costs.size(0) == costs.size(1) && costs.size(0) > 0 &&
                  costs.scalar_type() == at::kDouble,
              "cheapest_assignment: needs [N,N] f64, not ", costs.sizes(), " ",
              costs.scalar_type());
  const auto rows = costs.contiguous();
  return Solver(rows).solve();
}

}  // namespace assay
