// SPDX-License-Identifier: Apache-2.0
#include "nn/files/torch_file.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"

namespace assay {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

// Files of tests/oracle/make_torch_files.py.
std::string bytes_of(const std::string& name) {
  return read_file(std::string(ASSAY_SOURCE_DIR) + "/tests/oracle/" + name);
}

class TorchFile : public ::testing::TestWithParam<const char*> {
 protected:
  std::string file(const std::string& what) const { return bytes_of(what + GetParam() + ".pth"); }
};

INSTANTIATE_TEST_SUITE_P(Formats, TorchFile, ::testing::Values("_zip", "_legacy"),
                         [](const auto& one) { return std::string(one.param + 1); });

TEST_P(TorchFile, GivesTheTensorsOfAStateDict) {
  const auto bytes = file("state_dict");
  ASSERT_TRUE(is_torch_file(bytes));
  const auto tensors = from_torch_file(bytes, "x.pth");
  ASSERT_EQ(tensors.size(), 11U);
  // The script writes arange(numel) + i into the i-th floating-point tensor.
  EXPECT_TRUE(at::equal(tensors.at("0.weight"), at::arange(2, at::kFloat).view({2, 1, 1, 1})));
  EXPECT_TRUE(at::equal(tensors.at("0.bias"), at::arange(2, at::kFloat) + 1));
  EXPECT_TRUE(at::equal(tensors.at("1.running_var"), at::arange(2, at::kFloat) + 5));
  EXPECT_TRUE(at::equal(tensors.at("1.num_batches_tracked"), at::scalar_tensor(7, at::kLong)));
}

TEST_P(TorchFile, GivesViewsOfOneStorageAsTensorsOfTheirOwn) {
  const auto tensors = from_torch_file(file("state_dict"), "x.pth");
  const auto both = at::arange(12, at::kFloat).view({3, 4}) / 8;
  EXPECT_TRUE(at::equal(tensors.at("shared"), both));
  EXPECT_TRUE(at::equal(tensors.at("shared_column"), both.select(1, 1)));
  EXPECT_TRUE(at::equal(tensors.at("transposed"), both.t()));
  EXPECT_TRUE(tensors.at("transposed").is_contiguous());
  EXPECT_EQ(tensors.at("empty").sizes(), (at::IntArrayRef{0, 3}));
}

TEST_P(TorchFile, RefusesAnyOtherGlobalWithoutCallingIt) {
  EXPECT_THAT([&] { from_torch_file(file("foreign_global"), "x.pth"); },
              ThrowsMessage<Error>(HasSubstr("x.pth: not a file of weights that is read here: it "
                                             "names 'posix getcwd', which could be code")));
  EXPECT_THAT([&] { from_torch_file(file("half_storage"), "x.pth"); },
              ThrowsMessage<Error>(HasSubstr("'torch HalfStorage'")));
}

TEST_P(TorchFile, RefusesWhatIsNoStateDict) {
  EXPECT_THAT([&] { from_torch_file(file("list"), "x.pth"); },
              ThrowsMessage<Error>(HasSubstr("it holds no state dict")));
}

TEST_P(TorchFile, RefusesAFileCutShortAnywhere) {
  const auto whole = file("state_dict");
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_THROW(from_torch_file(std::string_view(whole).substr(0, length), "x.pth"), Error)
        << length;
  }
}

TEST_P(TorchFile, MeetsADamagedByteWithTensorsOrAnError) {
  const auto whole = file("state_dict");
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (const char damage : {'\x01', '\x80', '\xff'}) {
      auto damaged = whole;
      damaged[i] = static_cast<char>(damaged[i] ^ damage);
      try {
        from_torch_file(damaged, "x.pth");
      } catch (const Error& error) {
        EXPECT_THAT(error.what(), HasSubstr("x.pth")) << i;
      }
    }
  }
}

TEST(TorchFiles, AreToldFromOthers) {
  EXPECT_FALSE(is_torch_file(""));
  EXPECT_FALSE(is_torch_file("\x80\x02}q"));
  EXPECT_THAT([] { from_torch_file("hello", "x.pth"); },
              ThrowsMessage<Error>(HasSubstr("it begins as no file of torch.save")));
}

}  // namespace
}  // namespace assay
