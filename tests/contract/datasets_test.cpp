// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>
#include <string>

#include "core/error.h"
#include "data/dataset.h"

namespace assay {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kCount = 64;

bool needs_files(const DatasetSource& source) {
  DatasetRequest request;
  request.name = std::string(source.name);
  const auto place = source.locate(request);
  return !place || place->string() != "(generated)";
}

std::vector<std::string> names(bool of_files) {
  std::vector<std::string> found;
  for (const auto& source : datasets()) {
    if (needs_files(source) == of_files) found.emplace_back(source.name);
  }
  return found;
}

std::string name_of(const testing::TestParamInfo<std::string>& info) { return info.param; }

class GeneratedSet : public testing::TestWithParam<std::string> {
 protected:
  static Dataset load(std::uint64_t seed) {
    return load_dataset({.name = GetParam(), .count = kCount, .seed = seed});
  }
};
INSTANTIATE_TEST_SUITE_P(Datasets, GeneratedSet, testing::ValuesIn(names(false)), name_of);

TEST_P(GeneratedSet, HasTheShapesAndTypesOfItsKind) {
  const Dataset set = load(1);
  EXPECT_EQ(set.name, GetParam());
  EXPECT_EQ(set.train.size(), kCount);
  for (const auto* split : {&set.train, &set.test}) {
    ASSERT_GT(split->size(), 0);
    EXPECT_TRUE(split->images.is_contiguous());
    EXPECT_EQ(split->images.sizes().slice(1), set.train.images.sizes().slice(1));
    EXPECT_EQ(split->images.scalar_type(), set.is_points() ? at::kFloat : at::kByte);
    if (!set.is_points()) {
      ASSERT_EQ(split->images.dim(), 4);
      EXPECT_TRUE(split->images.size(1) == 1 || split->images.size(1) == 3);
      EXPECT_GT(split->images.max().item<int>(), split->images.min().item<int>());
    }
    EXPECT_EQ(split->digest.size(), 64U);
  }
}

TEST_P(GeneratedSet, IsTheSameForOneSeedAndAnotherForAnother) {
  const Dataset set = load(1), again = load(1), other = load(2);
  EXPECT_EQ(set.train.digest, again.train.digest);
  EXPECT_EQ(set.test.digest, again.test.digest);
  EXPECT_NE(set.train.digest, other.train.digest);
  EXPECT_NE(set.test.digest, other.test.digest);
}

TEST_P(GeneratedSet, LabelsAndFactorsLieInTheirRanges) {
  const Dataset set = load(1);
  EXPECT_EQ(dataset_source(GetParam()).factors().size(), set.factors.size());
  for (const auto* split : {&set.train, &set.test}) {
    ASSERT_EQ(split->labels.defined(), set.classes > 0);
    if (split->labels.defined()) {
      EXPECT_EQ(split->labels.sizes(), (at::IntArrayRef{split->size()}));
      EXPECT_EQ(split->labels.scalar_type(), at::kLong);
      EXPECT_GE(split->labels.min().item<std::int64_t>(), 0);
      EXPECT_LT(split->labels.max().item<std::int64_t>(), set.classes);
    }
    ASSERT_EQ(split->factors.defined(), !set.factors.empty());
    for (std::size_t i = 0; i < set.factors.size(); ++i) {
      const auto column = split->factors.select(1, static_cast<std::int64_t>(i));
      EXPECT_GE(column.min().item<std::int64_t>(), 0) << set.factors[i].name;
      EXPECT_LT(column.max().item<std::int64_t>(), set.factors[i].size) << set.factors[i].name;
    }
  }
}

std::set<std::string> rows_of(const at::Tensor& images) {
  std::set<std::string> rows;
  for (std::int64_t i = 0; i < images.size(0); ++i) {
    const auto row = images[i].contiguous();
    rows.emplace(static_cast<const char*>(row.const_data_ptr()), row.nbytes());
  }
  return rows;
}

TEST_P(GeneratedSet, NoTestExampleIsATrainingExample) {
  const Dataset set = load(1);
  const auto trained = rows_of(set.train.images);
  for (const auto& row : rows_of(set.test.images)) EXPECT_FALSE(trained.contains(row));
}

class SetOfFiles : public testing::TestWithParam<std::string> {
 protected:
  // The message of the load that has to fail as the user's fault.
  static std::string refusal(const DatasetRequest& request) {
    try {
      load_dataset(request);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::kUsage);
      return error.what();
    }
    return "";
  }
};
INSTANTIATE_TEST_SUITE_P(Datasets, SetOfFiles, testing::ValuesIn(names(true)), name_of);

TEST_P(SetOfFiles, SaysHowToGetItWhereItIsAbsent) {
  const DatasetSource& source = dataset_source(GetParam());
  const DatasetRequest request{.name = GetParam(),
                               .path = source.is_format ? "" : "/nowhere/of/assay"};
  EXPECT_EQ(source.locate(request), std::nullopt);
  EXPECT_THAT(refusal(request),
              HasSubstr(source.is_format ? "dataset.path" : std::string(source.how_to_get)));
}

TEST_P(SetOfFiles, NamesAPlaceThatHoldsNone) {
  const DatasetRequest request{.name = GetParam(), .path = "/nowhere/of/assay"};
  EXPECT_THAT(refusal(request), HasSubstr("/nowhere/of/assay"));
}

}  // namespace
}  // namespace assay
