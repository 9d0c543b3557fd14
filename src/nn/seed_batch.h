// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/nn/module.h>

#include <string>
#include <vector>

namespace assay {

/// A module that keeps parameters or buffers in members of its own, beside those of its
/// submodules, says where, so that several seeds of it can train as one.
class HoldsTensors {
 public:
  virtual ~HoldsTensors() = default;
  /// The members that are registered with this module itself, undefined ones included.
  virtual std::vector<torch::Tensor*> held_tensors() = 0;
};

/// Makes a network whose parameters and buffers are stacks [S,…] compute with tensors that are
/// batched over seeds (kernels/runtime/seed_batch.h): in all its modules the members that forward()
/// reads are replaced; the registered parameters stay the stacks, for optimizers. Throws Error
/// naming a module whose members nobody knows: neither LibTorch's linear, convolution and
/// normalisation layers nor a HoldsTensors.
void batch_parameters_over_seeds(torch::nn::Module& network, const std::string& name);

/// Where a network's modules keep the tensors that they compute with in place of its parameters,
/// in the order of network.parameters(). Throws Error as above.
std::vector<torch::Tensor*> parameter_members(torch::nn::Module& network);

/// loss.backward(), for the loss of a training step; batched over seeds, each seed's loss reaches
/// its own parameters.
void backward(const torch::Tensor& loss);

/// The values of x without its graph, to take gradients by.
torch::Tensor leaf_of(const torch::Tensor& x);

/// ∂y/∂leaf of a 0-dim y, with a graph so that it can be differentiated once more; of each seed.
torch::Tensor gradient_by(const torch::Tensor& y, const torch::Tensor& leaf);

/// The same by several tensors of y's graph.
std::vector<torch::Tensor> gradients_by(const torch::Tensor& y,
                                        const std::vector<torch::Tensor>& tensors);

}  // namespace assay
