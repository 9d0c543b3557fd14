// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assay {

/// Modes of a generated 2-D mixture: M centres and one standard deviation per axis.
struct ModeSet {
  at::Tensor centres;  ///< [M,2] f64
  double sigma = 0.0;
};

/// Something that a generated set's images vary in.
struct Factor {
  std::string name;
  std::int64_t size = 0;  ///< values it can take
};

/// One split of a data set, whole in memory.
struct DataSplit {
  at::Tensor images;  ///< [N,C,H,W] u8, or [N,2] f32 points
  at::Tensor labels;  ///< [N] i64; undefined if there are none
  /// SHA-256 over shape and bytes of images without their frame, labels and factors: the identity
  /// of the reference
  std::string digest;
  at::Tensor factors = {};  ///< [N,F] i64: what the images were made of, each counted from 0

  std::int64_t size() const { return images.size(0); }
};

/// How grey images become black and white ones: not at all; by one draw for good; by a new draw
/// whenever a training example is seen. Details in binarisation.h.
enum class Binarisation { kNone, kStatic, kStochastic };

struct Dataset {
  std::string name;
  DataSplit train, test;         ///< what is scored and encoded; binarised ones are drawn already
  std::int64_t classes = 0;      ///< 0 if there are no labels
  std::optional<ModeSet> modes;  ///< generated 2-D sets
  std::vector<Factor> factors;   ///< columns of the splits' factors; empty if they are not known
  Binarisation binarisation = Binarisation::kNone;
  at::Tensor grey_images;  ///< stochastic: [N,C,H,W] u8 that training batches are drawn from
  std::vector<std::string> passed_over = {};  ///< what of the user's files was not read, in words
  std::vector<std::string> remarks = {};      ///< what looks amiss in them, in words
  bool is_points() const { return train.images.dim() == 2; }
};

/// What a definition's [dataset] table asks for.
struct DatasetRequest {
  std::string name = {};
  std::string path = {};      ///< folder or file, for data sets that are not found by themselves
  std::int64_t size = 0;      ///< resize images to size × size (0: as they are)
  std::int64_t channels = 0;  ///< 1 or 3: convert (0: as they are)
  std::int64_t count = 0;     ///< training examples of generated sets (0: the set's default)
  std::uint64_t seed = 0;     ///< of generated sets, and of static draws
  Binarisation binarisation = Binarisation::kNone;
  double radius = 0.0;  ///< of a circle of modes (0: the set's own)
  double noise = 0.0;   ///< standard deviation of points about a mode or curve (0: the set's own)
  double scale = 0.0;   ///< what points are multiplied by (0: the set's own)
  std::int64_t padding = 0;  ///< of the black frame about images, in pixels
};

const std::vector<Factor>& no_factors();

struct DatasetSource {
  std::string_view name;
  std::string_view title;  ///< one line for `assay data list`
  std::string_view licence;
  std::string_view how_to_get;  ///< what to do when absent
  Dataset (*load)(const DatasetRequest&);
  /// Where it was found, or nothing. Never throws.
  std::optional<std::filesystem::path> (*locate)(const DatasetRequest&);
  /// The factors behind the images of a generated set; empty if they are not known.
  const std::vector<Factor>& (*factors)() = no_factors;
  bool is_format = false;  ///< whatever the user names; nothing of its own can be absent
  /// Files whose content nothing pins, by name below where the set was found ("": that itself).
  /// None: the set is drawn, or its files are checked by their SHA-256.
  std::vector<std::string> (*files)(const std::filesystem::path& found) = nullptr;
  /// The factors [N,F] that pictures [N,C,H,W] u8 show, whoever made them: those of the nearest
  /// picture of the set; nullptr: there is no telling.
  at::Tensor (*read_factors)(const at::Tensor& images) = nullptr;
  int version = 1;  ///< of the reader: raised where the same bytes become other examples
};

/// The complete list.
const std::vector<DatasetSource>& datasets();

/// One of them. Throws Error with the near miss for an unknown name.
const DatasetSource& dataset_source(std::string_view name);

/// What was read, in one line: "image_folder '/data/cats': 90 training and 10 test images of 64x48,
/// coloured, 3 classes; no picture lies in lynx, which is no class".
std::string what_was_read(const Dataset& dataset, const DatasetRequest& request);

/// Loads a data set. The splits' digests are of the images without their frame: what is framed does
/// not change by it. Throws Error (exit 2) naming the file, what is wrong with it and how to get
/// it.
Dataset load_dataset(const DatasetRequest& request);

}  // namespace assay
