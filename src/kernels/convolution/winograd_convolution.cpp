// SPDX-License-Identifier: Apache-2.0
#include "kernels/convolution/winograd_convolution.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>

#include "kernels/runtime/parallel.h"

namespace assay {
namespace {

// What inputs and outputs of a block of tiles hold, in numbers, of which forward half lies in
// memory: a quarter to a half of a 1 MiB second-level cache. The filter gradient reads and writes
// all its sums once a block: larger ones.
constexpr std::int64_t kForwardBlock = 128 * 1024;
constexpr std::int64_t kGradientBlock = 1024 * 1024;
constexpr std::int64_t kTileStep = 12;  // rows that the products take at once
constexpr std::int64_t kFewestTiles = 48, kMostTiles = 240;
constexpr std::align_val_t kCacheLine{64};

struct AlignedDelete {
  void operator()(float* data) const { ::operator delete[](data, kCacheLine); }
};

// Uninitialised numbers that the thread's next call takes again.
class Scratch {
 public:
  float* reserve(std::int64_t count) {
    if (count > count_) {
      data_.reset();
      count_ = 0;
      data_.reset(static_cast<float*>(
          ::operator new[](static_cast<std::size_t>(count) * sizeof(float), kCacheLine)));
      count_ = count;
    }
    return data_.get();
  }

 private:
  std::unique_ptr<float, AlignedDelete> data_;
  std::int64_t count_ = 0;
};

std::int64_t square(const WinogradKernels& kernels) { return kernels.points * kernels.points; }

std::int64_t depth(std::span<const Phase> phases, std::int64_t channels) {
  return static_cast<std::int64_t>(phases.size()) * channels;
}

// The tiles of all images, in blocks of a fixed size.
struct Tiling {
  std::int64_t rows, columns, tiles, block;

  Tiling(const TiledOutput& y, std::int64_t most_per_block, std::int64_t fewest)
      : rows((y.rows + 3) / 4),
        columns((y.columns + 3) / 4),
        tiles(y.images * rows * columns),
        block(std::clamp(most_per_block / kTileStep * kTileStep, fewest, kMostTiles)) {}

  std::int64_t blocks() const { return (tiles + block - 1) / block; }
  TileBlock at(std::int64_t index) const {
    return {rows, columns, index * block, std::min(block, tiles - index * block)};
  }
};

// α² matrices of `rows` rows; a cache line between them keeps them out of each other's sets.
Planes planes(std::int64_t rows, std::int64_t width) {
  return {nullptr, rows * width + kWinogradChannels, width};
}

Planes from_column(const Planes& planes, std::int64_t column) {
  return {planes.data + column, planes.stride, planes.width};
}

std::int64_t size(const WinogradKernels& kernels, const Planes& planes) {
  return square(kernels) * planes.stride;
}

void transform_phases(const WinogradKernels& kernels, std::span<const Phase> phases,
                      std::int64_t channels, const TileBlock& tiles, const Planes& out) {
  std::int64_t column = 0;
  for (const auto& phase : phases) {
    kernels.transform_input(phase.pixels, tiles, channels, from_column(out, column));
    column += channels;
  }
}

// The transformed filters, [O/16][phases · channels][16].
Planes pack_filters(const WinogradKernels& kernels, std::span<const Phase> phases,
                    std::int64_t channels, std::int64_t out_channels, Scratch& scratch) {
  Planes packed = planes(depth(phases, channels), out_channels);
  packed.data = scratch.reserve(size(kernels, packed));
  const std::int64_t panel = depth(phases, channels) * kWinogradChannels;
  parallel_for(out_channels / kWinogradChannels, [&](std::int64_t index) {
    Planes to = from_column(packed, index * panel);
    for (const auto& phase : phases) {
      kernels.transform_filter(phase.filter, channels, index * kWinogradChannels, to);
      to = from_column(to, channels * kWinogradChannels);
    }
  });
  return packed;
}

thread_local Scratch block_scratch, filter_scratch;

}  // namespace

void winograd_correlate(const WinogradKernels& kernels, std::span<const Phase> phases,
                        std::int64_t channels, const float* bias, const TiledOutput& y) {
  const Planes packed = pack_filters(kernels, phases, channels, y.channels, filter_scratch);
  const std::int64_t per_tile = square(kernels) * (depth(phases, channels) + y.channels);
  const Tiling tiling(y, kForwardBlock / per_tile, kFewestTiles);
  parallel_for(tiling.blocks(), [&](std::int64_t index) {
    const TileBlock tiles = tiling.at(index);
    // The product of point e lies where the input of point e − 1 was: both take the cache of the
    // wider one.
    Planes in = planes(tiling.block, depth(phases, channels));
    Planes out = planes(tiling.block, y.channels);
    in.stride = out.stride = std::max(in.stride, out.stride);
    out.data = block_scratch.reserve(size(kernels, in) + in.stride);
    in.data = out.data + out.stride;
    transform_phases(kernels, phases, channels, tiles, in);
    for (std::int64_t point = 0; point < square(kernels); ++point) {
      kernels.multiply(in, point, tiles.count, packed, out);
    }
    kernels.transform_output(out, tiles, y.channels, bias, y.pixels);
  });
}

void winograd_filter_gradient(const WinogradKernels& kernels, std::span<const Phase> phases,
                              std::int64_t channels, const TiledOutput& y_gradient) {
  const std::int64_t in_channels = depth(phases, channels), out_channels = y_gradient.channels;
  const std::int64_t per_tile = square(kernels) * (in_channels + out_channels);
  const Tiling tiling(y_gradient, kGradientBlock / per_tile, kFewestTiles);
  Planes x = planes(tiling.block, in_channels), y = planes(tiling.block, out_channels);
  Planes sum = planes(in_channels, out_channels);
  x.data = block_scratch.reserve(size(kernels, x) + size(kernels, y));
  y.data = x.data + size(kernels, x);
  sum.data = filter_scratch.reserve(size(kernels, sum));
  for (std::int64_t index = 0; index < tiling.blocks(); ++index) {
    const TileBlock block = tiling.at(index);
    parallel_for((block.count + kTileStep - 1) / kTileStep, [&](std::int64_t part) {
      TileBlock tiles = block;
      tiles.begin += part * kTileStep;
      tiles.count = std::min(kTileStep, block.count - part * kTileStep);
      transform_phases(kernels, phases, channels, tiles, from_row(x, part * kTileStep));
      kernels.transform_output_gradient(y_gradient.pixels, tiles, out_channels,
                                        from_row(y, part * kTileStep));
    });
    parallel_for(square(kernels), [&](std::int64_t point) {
      kernels.accumulate(x, y, point, block.count, index > 0, sum);
    });
  }
  parallel_for(out_channels / kWinogradChannels, [&](std::int64_t panel) {
    std::int64_t row = 0;
    for (const auto& phase : phases) {
      kernels.transform_filter_gradient(from_row(sum, row), channels, panel * kWinogradChannels,
                                        phase.filter);
      row += channels;
    }
  });
}

}  // namespace assay
