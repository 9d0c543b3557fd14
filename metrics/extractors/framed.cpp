// SPDX-License-Identifier: Apache-2.0
#include "metrics/extractors/framed.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <utility>

#include "core/error.h"

namespace assay {
namespace {

class WithinFrame : public Extractor {
 public:
  WithinFrame(std::unique_ptr<Extractor> extractor, std::int64_t padding)
      : extractor_(std::move(extractor)), padding_(padding) {}

  Features extract(const at::Tensor& images,
                   const std::function<void(std::int64_t)>& progress) override {
    return extractor_->extract(within_frame(images, padding_), progress);
  }
  std::int64_t block_size() const override { return extractor_->block_size(); }
  Protocol protocol() const override { return extractor_->protocol(); }

 private:
  std::unique_ptr<Extractor> extractor_;
  std::int64_t padding_;
};

}  // namespace

at::Tensor within_frame(const at::Tensor& images, std::int64_t padding) {
  if (padding == 0) return images;
  const auto height = images.size(2) - 2 * padding, width = images.size(3) - 2 * padding;
  if (height < 1 || width < 1) {
    throw Error(fmt::format("images of {}x{} have nothing within a frame of {} pixels",
                            images.size(3), images.size(2), padding));
  }
  return images.narrow(2, padding, height).narrow(3, padding, width).contiguous();
}

std::unique_ptr<Extractor> within_frame(std::unique_ptr<Extractor> extractor,
                                        std::int64_t padding) {
  if (padding == 0) return extractor;
  return std::make_unique<WithinFrame>(std::move(extractor), padding);
}

}  // namespace assay
