// SPDX-License-Identifier: Apache-2.0
#include "config/definition.h"
#include "config/eval_schema.h"

namespace assay {
namespace {

using std::int64_t;
constexpr double kMany = 1e12;  // a count that no run reaches

Schema make_top_schema() {
  return {
      {.path = "name",
       .default_value = std::string(),
       .meaning = "what reports call it; default: the file's path below experiments/"},
      {.path = "family",
       .default_value = std::string(),
       .meaning = "which model family is trained; required"},
      {.path = "note", .default_value = std::string(), .meaning = "free text, shown in reports"},
      {.path = "seeds",
       .default_value = std::vector<int64_t>{0},
       .meaning = "training seeds that `assay run` uses unless --seeds is given",
       .minimum = 0,
       .maximum = static_cast<double>(kLargestSeed)},
      {.path = "tier",
       .default_value = std::string("cpu"),
       .meaning = "what it takes to run in full",
       .choices = {"cpu", "gpu", "paper"}},
      {.path = "reproduces",
       .default_value = std::string(),
       .meaning = "what published result it repeats, in words"},
      {.path = "revision",
       .default_value = std::vector<int64_t>{},
       .meaning =
           "of the common and the family's keys, in definitions that assay wrote: older ones "
           "are read as they were meant",
       .minimum = 1,
       .maximum = 1e6},
      {.path = "extends",
       .default_value = std::string(),
       .meaning = "definition whose values are taken first: a path relative to this file, else to "
                  "experiments/, or absolute"},
  };
}

Schema dataset_keys() {
  const std::vector<std::string> points = {"ring",  "grid",    "eight_gaussians", "swiss_roll",
                                           "moons", "s_curve", "checkerboard"};
  // The others' modes and factors are read off whole pictures.
  const std::vector<std::string> framed = {"fashion_mnist", "mnist",        "mnist_5k",
                                           "cifar10",       "digits",       "orl_faces",
                                           "npz",           "image_folder", "generated_images"};
  auto pictures = framed;
  for (const char* name : {"sprites", "shapes", "stacked_fashion_mnist"}) pictures.push_back(name);
  std::vector<std::string> generated = {"sprites", "shapes", "generated_images",
                                        "stacked_fashion_mnist"};
  generated.insert(generated.end(), points.begin(), points.end());
  return {
      {.path = "dataset.name",
       .default_value = std::string("fashion_mnist"),
       .meaning = "data set, one of `assay data list`"},
      {.path = "dataset.path",
       .default_value = std::string(),
       .meaning = "folder or file, for image_folder, npz and data kept elsewhere; relative to the "
                  "file that says it",
       .identity = false},
      {.path = "dataset.size",
       .default_value = int64_t{0},
       .meaning = "images are resized to size x size; 0: left as they are",
       .unit = "pixels",
       .minimum = 0,
       .maximum = 4096,
       .needs = {{"dataset.name", pictures}}},
      {.path = "dataset.padding",
       .default_value = int64_t{0},
       .meaning =
           "a black frame of so many pixels about each image; features are of what it frames",
       .unit = "pixels",
       .minimum = 0,
       .maximum = 64,
       .needs = {{"dataset.name", framed}}},
      {.path = "dataset.channels",
       .default_value = int64_t{0},
       .meaning = "1 makes images grey, 3 makes them RGB; 0: left as they are",
       .minimum = 0,
       .maximum = 3,
       .needs = {{"dataset.name", pictures}}},
      {.path = "dataset.count",
       .default_value = int64_t{0},
       .meaning = "training examples of a generated set; 0: the set's own number",
       .unit = "images",
       .minimum = 0,
       .maximum = 1e8,
       .needs = {{"dataset.name", generated}}},
      {.path = "dataset.seed",
       .default_value = int64_t{0},
       .meaning = "of a generated set and of binarisation; all training seeds see the same data",
       .minimum = 0,
       .maximum = static_cast<double>(kLargestSeed)},
      {.path = "dataset.radius",
       .default_value = 0.0,
       .meaning = "of the circle on which modes lie; 0: the set's own",
       .minimum = 0,
       .maximum = 1e6,
       .needs = {{"dataset.name", {"ring", "eight_gaussians"}}}},
      {.path = "dataset.noise",
       .default_value = 0.0,
       .meaning = "standard deviation of points about their mode or curve, per axis and before "
                  "they are scaled; 0: the set's own",
       .minimum = 0,
       .maximum = 1e6,
       .needs = {{"dataset.name", points}}},
      {.path = "dataset.scale",
       .default_value = 0.0,
       .meaning = "what points are multiplied by; 0: the set's own",
       .minimum = 0,
       .maximum = 1e6,
       .needs = {{"dataset.name", points}}},
      {.path = "dataset.binarisation",
       .default_value = std::string("none"),
       .meaning =
           "pixels become black or white, white with the probability that their value is of 255: "
           "drawn once, or anew whenever a training image is seen (what is scored is drawn once)",
       .choices = {"none", "static", "stochastic"}},
      {.path = "dataset.horizontal_flip",
       .default_value = false,
       .meaning = "flip each training image with probability 1/2",
       .needs = {{"dataset.name", pictures}}},
      {.path = "dataset.resampled_packs",
       .default_value = int64_t{0},
       .meaning =
           "a run trains on as many packs of so many examples as there are examples, drawn once "
           "with replacement; a pack stays together, in neighbouring places of a batch (Lin et "
           "al. 2018, code); 0: on each example once an epoch",
       .unit = "images",
       .minimum = 0,
       .maximum = 1024},
  };
}

Schema train_keys() {
  const std::vector<Need> no_half_life = {{"ema.half_life_images", {"0"}}};
  return {
      {.path = "train.batch_size",
       .default_value = int64_t{64},
       .meaning = "images in one training step",
       .unit = "images",
       .minimum = 1,
       .maximum = 65536},
      {.path = "train.convolution",
       .default_value = std::string("winograd"),
       .meaning =
           "how 3x3 and strided 4x4 convolutions are computed on the CPU: by kernels of our own, "
           "mostly Winograd's minimal filtering, faster and 6 to 10 times coarser in rounding, or "
           "each output one sum, by LibTorch",
       .choices = {"exact", "winograd"}},
      {.path = "train.seed_batch",
       .default_value = int64_t{0},
       .meaning =
           "up to this many seeds train as one model of that many places, in one process; a "
           "seed's place is the seed modulo this number, empty places compute for nothing; each "
           "trains alone all the same where the model cannot otherwise, and on the CPU where that "
           "is "
           "faster: above 2^21 parameters in all places; 0: each alone",
       .unit = "seeds",
       .minimum = 0,
       .maximum = 1024},
      {.path = "train.images",
       .default_value = int64_t{640000},
       .meaning = "length of the run, in training images seen; rounded up to whole steps",
       .unit = "images",
       .minimum = 1,
       .maximum = kMany},
      {.path = "train.log_every_images",
       .default_value = int64_t{3200},
       .meaning = "loss terms are averaged over this many images and logged",
       .unit = "images",
       .minimum = 1,
       .maximum = kMany},
      {.path = "train.checkpoint_every_images",
       .default_value = int64_t{0},
       .meaning = "a checkpoint is saved this often; 0: twenty times a run",
       .unit = "images",
       .minimum = 0,
       .maximum = kMany,
       .identity = false},
      {.path = "optimizer.name",
       .default_value = std::string("adam"),
       .meaning =
           "Adam (Kingma & Ba 2015), with decoupled weight decay (Loshchilov & Hutter 2019), or "
           "RMSProp (Tieleman & Hinton 2012), whose decay is beta2",
       .choices = {"adam", "adamw", "rmsprop"}},
      {.path = "optimizer.learning_rate",
       .default_value = 1e-3,
       .meaning = "peak step size of every optimizer of the family that has no key of its own",
       .minimum = 0,
       .maximum = 10},
      {.path = "optimizer.beta1",
       .default_value = 0.9,
       .meaning = "decay of the first moment, of Adam alone",
       .minimum = 0,
       .maximum = 0.999999},
      {.path = "optimizer.beta2",
       .default_value = 0.999,
       .meaning = "decay of the second moment",
       .minimum = 0,
       .maximum = 0.9999999},
      {.path = "optimizer.epsilon",
       .default_value = 1e-8,
       .meaning = "added to the root of the second moment",
       .minimum = 0,
       .maximum = 1},
      {.path = "optimizer.epsilon_hat",
       .default_value = false,
       .meaning = "Adam's epsilon is added before the bias of the second moment is corrected, as "
                  "in TensorFlow and Blocks (Kingma & Ba 2015, end of sec. 2), not after it"},
      {.path = "optimizer.weight_decay",
       .default_value = 0.0,
       .meaning = "weight decay",
       .minimum = 0,
       .maximum = 10},
      {.path = "optimizer.warm_up_steps",
       .default_value = int64_t{0},
       .meaning = "the learning rate rises linearly over this many steps",
       .unit = "steps",
       .minimum = 0,
       .maximum = kMany},
      {.path = "optimizer.schedule",
       .default_value = std::string("constant"),
       .meaning = "course of the learning rate after warm-up",
       .choices = {"constant", "linear", "cosine", "one_cycle"}},
      {.path = "optimizer.decay_from",
       .default_value = 0.0,
       .meaning = "share of the run after which linear and cosine decay begin",
       .minimum = 0,
       .maximum = 1},
      {.path = "optimizer.final_fraction",
       .default_value = 0.0,
       .meaning = "learning rate at the end of the decay, as a share of the peak",
       .minimum = 0,
       .maximum = 1},
      {.path = "optimizer.gradient_clip",
       .default_value = 0.0,
       .meaning = "largest global gradient norm; 0: no clipping",
       .minimum = 0,
       .maximum = 1e9},
      {.path = "ema.decay",
       .default_value = 0.0,
       .meaning =
           "decay per step of the averaged weights; 0: none are kept, raw weights are scored and "
           "sampled",
       .minimum = 0,
       .maximum = 0.9999999,
       .needs = no_half_life},
      {.path = "ema.ramp",
       .default_value = true,
       .meaning = "use min(decay, (1 + n) / (10 + n)) at step n",
       .needs = no_half_life},
      {.path = "ema.half_life_images",
       .default_value = int64_t{0},
       .meaning = "instead of a decay: weights are averaged that count half after this many "
                  "training images (Karras et al. 2020, 2022); 0: by ema.decay",
       .unit = "images",
       .minimum = 0,
       .maximum = kMany},
      {.path = "ema.ramp_ratio",
       .default_value = 0.0,
       .meaning = "the half-life is at most this share of the images seen; 0: as it is from the "
                  "start; EDM: 0.05",
       .minimum = 0,
       .maximum = 1e6,
       .needs = {{"ema.half_life_images"}}},
  };
}

void append(Schema& all, const Schema& more) { all.insert(all.end(), more.begin(), more.end()); }

}  // namespace

const Schema& top_schema() {
  static const Schema schema = make_top_schema();
  return schema;
}

const std::vector<Upgrade>& common_upgrades() {
  static const std::vector<Upgrade> upgrades = {
      // Before it was a key, and while its default was "exact".
      {.since = 2,
       .old_path = "train.convolution",
       .path = "train.convolution",
       .value = std::string("exact"),
       .absent = true},
  };
  return upgrades;
}

const Schema& common_schema() {
  static const Schema schema = [] {
    Schema all = dataset_keys();
    append(all, train_keys());
    append(all, eval_keys());
    return all;
  }();
  return schema;
}

}  // namespace assay
