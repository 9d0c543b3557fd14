// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <string>
#include <vector>

#include "cli/eval/eval_codes.h"
#include "cli/eval/eval_command.h"
#include "data/image_folder.h"
#include "metrics/extractors/extractor.h"
#include "metrics/metric.h"

namespace assay {

/// One side of an evaluation: images, or what a file already holds of them.
struct EvalSource {
  std::string name;                ///< as the user gave it
  std::vector<ImageGroup> images;  ///< by size; of a RUN their features alone are kept
  at::Tensor features;             ///< [N,D] f32, or undefined
  at::Tensor logits;               ///< [N,K] f32, or undefined
  at::Tensor spatial;              ///< [N,S] f32, or undefined
  at::Tensor labels;               ///< [N] i64, or undefined
  /// Of each label; empty where the labels are all that is known
  std::vector<std::string> class_names;
  bool numbered = false;                  ///< labels are numbers by which people know the classes
  std::int64_t other_files = 0;           ///< of a folder, that are no pictures
  std::vector<std::string> passed_over;   ///< what of it was not read, in words
  std::vector<std::string> remarks = {};  ///< what is odd about what was read
  CodeInputs codes;                       ///< of an .npz that holds codes
  Unread unread;                          ///< of an .npz: "images", "features", "labels", …
  std::string digest;                     ///< SHA-256 of the content
  bool drawn = false;                     ///< from a run
  Protocol sampling = {};                 ///< how, if so (families/registry.h)
  std::int64_t drawn_rows = 0;            ///< how many, if so
  std::vector<std::int64_t> drawn_shape = {};  ///< [C,H,W] of images, if so

  std::int64_t rows() const;
  bool from_images() const { return channels() > 0; }
  /// Of its images; 0 if it holds none.
  std::int64_t channels() const;
};

/// How sources are read.
struct EvalReading {
  bool any_size = false;  ///< images of several sizes
  /// What turns images of a RUN into features as they are drawn; empty: no score needs any
  std::function<Extractor&()> extractor = {};
};

/// Whether a source is neither a file nor a data set, so that it can only be a RUN.
bool names_a_run(const std::string& source);

/// Reads a folder of images, an .npz or .npy file, a data set's split ("fashion_mnist:test") or
/// samples from a RUN. Throws Error naming it.
EvalSource load_eval_source(const std::string& source, const EvalCommand& command,
                            const EvalReading& reading);

/// What --set says of metrics, and of how a RUN is sampled.
struct EvalSettings {
  std::vector<std::string> of_metrics, of_sampling;
};
EvalSettings eval_settings(const std::vector<std::string>& set);

/// Throws Error naming a source that holds images as well as features or logits.
void check_kinds(const EvalSource& source);
/// Throws Error naming both unless both hold images, equally coloured, or neither does.
void check_pair(const EvalSource& one, const EvalSource& other);

/// SHA-256 of a tensor's bytes.
std::string digest_of(const at::Tensor& tensor);

}  // namespace assay
