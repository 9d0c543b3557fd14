// SPDX-License-Identifier: Apache-2.0
#include "nn/files/diffusers_names.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <regex>
#include <string_view>
#include <utility>

#include "core/error.h"

namespace assay {
namespace {

using std::int64_t;

// A tensor there is rows of one here.
struct Part {
  std::string name;
  int64_t first = 0, rows = 0;
  std::vector<int64_t> sizes;  // there
  bool reversed = false;       // its columns, within each half
};

std::string resample_name(int64_t level) { return fmt::format("down{}_resample.weight", level); }

int64_t levels_of(const TensorMap& unet) {
  int64_t levels = 1;
  while (unet.contains(resample_name(levels - 1))) ++levels;
  return levels;
}

// "conv1.weight" of a residual block, "out.weight" of an attention, …
std::string of_residual(const std::string& rest) {
  if (rest.starts_with("time.")) return "time_emb_proj" + rest.substr(4);
  return rest.starts_with("skip.") ? "conv_shortcut" + rest.substr(4) : rest;
}
std::string of_attention(const std::string& rest) {
  if (rest.starts_with("norm.")) return "group_" + rest;
  return rest.starts_with("out.") ? "to_out.0" + rest.substr(3) : rest;
}

using Places = std::vector<std::pair<std::string_view, std::string_view>>;

// `ours` with its beginning as there.
std::string renamed(const std::string& ours, const Places& places) {
  for (const auto& [here, there] : places) {
    if (ours.starts_with(here)) return fmt::format("{}{}", there, ours.substr(here.size()));
  }
  throw Error(fmt::format("a U-Net of diffusers has nothing like '{}'", ours));
}

// "input.weight", "block.cross.query.weight", … of a spatial transformer.
std::string of_transformer(const std::string& rest) {
  static const Places kPlaces = {{"norm.", "norm."},
                                 {"input.", "proj_in."},
                                 {"output.", "proj_out."},
                                 {"block.self_norm.", "transformer_blocks.0.norm1."},
                                 {"block.self.query.", "transformer_blocks.0.attn1.to_q."},
                                 {"block.self.key.", "transformer_blocks.0.attn1.to_k."},
                                 {"block.self.value.", "transformer_blocks.0.attn1.to_v."},
                                 {"block.self.out.", "transformer_blocks.0.attn1.to_out.0."},
                                 {"block.cross_norm.", "transformer_blocks.0.norm2."},
                                 {"block.cross.query.", "transformer_blocks.0.attn2.to_q."},
                                 {"block.cross.key.", "transformer_blocks.0.attn2.to_k."},
                                 {"block.cross.value.", "transformer_blocks.0.attn2.to_v."},
                                 {"block.cross.out.", "transformer_blocks.0.attn2.to_out.0."},
                                 {"block.feed_norm.", "transformer_blocks.0.norm3."},
                                 {"block.gated.", "transformer_blocks.0.ff.net.0.proj."},
                                 {"block.feed.", "transformer_blocks.0.ff.net.2."}};
  return renamed(rest, kPlaces);
}

// A block's tensor, "residual.…", "attention.…" or "transformer.…", behind the block's place there.
std::string of_block(const std::string& place, const std::string& index, const std::string& rest) {
  const auto dot = rest.find('.');
  const auto inner = rest.substr(dot + 1);
  if (rest.starts_with("residual.")) {
    return fmt::format("{}.resnets.{}.{}", place, index, of_residual(inner));
  }
  return fmt::format(
      "{}.attentions.{}.{}", place, index,
      rest.starts_with("transformer.") ? of_transformer(inner) : of_attention(inner));
}

std::string of_level(const std::smatch& match, int64_t levels) {
  const bool down = match[1] == "down";
  const int64_t level = std::stoll(match[2]);
  const auto place = fmt::format("{}_blocks.{}", match[1].str(), down ? level : levels - 1 - level);
  const std::string rest = match[4];
  if (match[3] != "resample") return of_block(place, match[3].str().substr(5), rest);
  return fmt::format("{}.{}samplers.0.conv.{}", place, match[1].str(), rest);
}

std::string diffusers_name(const std::string& ours, int64_t levels) {
  static const std::regex of_levels(R"((down|up)(\d+)_(block\d+|resample)\.(.*))");
  // Tokens have their embeddings outside of the U-Net there: a name that it passes over.
  static const Places kPlaces = {
      {"time1.", "time_embedding.linear_1."}, {"time2.", "time_embedding.linear_2."},
      {"label.", "class_embedding."},         {"input.", "conv_in."},
      {"output_norm.", "conv_norm_out."},     {"output.", "conv_out."},
      {"tokens.", "token_embedding."}};
  std::smatch match;
  if (std::regex_match(ours, match, of_levels)) return of_level(match, levels);
  if (ours.starts_with("middle1.")) return of_block("mid_block", "0", ours.substr(8));
  if (ours.starts_with("middle2.")) return of_block("mid_block", "1", ours.substr(8));
  if (ours.starts_with("middle_attention.")) {
    return "mid_block.attentions.0." + of_attention(ours.substr(17));
  }
  if (ours.starts_with("middle_transformer.")) {
    return "mid_block.attentions.0." + of_transformer(ours.substr(19));
  }
  return renamed(ours, kPlaces);
}

std::vector<Part> parts_of(const std::string& ours, const at::Tensor& value, int64_t levels) {
  const auto name = diffusers_name(ours, levels);
  const bool attends = ours.find("attention.") != std::string::npos;
  const bool flat = attends && value.dim() == 4;
  const int64_t rows = value.size(0);
  const auto qkv = name.find(".qkv.");
  if (qkv == std::string::npos) {
    auto sizes = value.sizes().vec();
    if (flat) sizes.resize(2);
    return {{name, 0, rows, sizes, ours == "time1.weight"}};
  }
  std::vector<Part> parts;
  for (const auto* part : {"q", "k", "v"}) {
    auto sizes = value.sizes().vec();
    if (flat) sizes.resize(2);
    sizes.front() = rows / 3;
    const auto first = static_cast<int64_t>(parts.size()) * (rows / 3);
    const auto there = fmt::format("{}.to_{}.{}", name.substr(0, qkv), part, name.substr(qkv + 5));
    parts.push_back({there, first, rows / 3, sizes});
  }
  return parts;
}

// Within each half, which may change places as well. Its own inverse.
at::Tensor columns_reversed(const at::Tensor& weight, bool halves_change = false) {
  const auto reversed = weight.reshape({weight.size(0), 2, -1}).flip(2);
  return (halves_change ? reversed.flip(1) : reversed).reshape(weight.sizes());
}

std::string describe(const at::Tensor& tensor) {
  return fmt::format("{} [{}]", tensor.dtype().name(), fmt::join(tensor.sizes(), ","));
}

// The channels of each head, or 0: one head.
int64_t head_channels(const DiffusersUNet& unet, const TensorMap& tensors) {
  if (unet.head_channels > 0) return unet.head_channels;
  if (unet.heads == 1) return 0;
  const int64_t middle = unet.channels.back();
  for (std::size_t level = 0; level < unet.channels.size(); ++level) {
    const auto name = fmt::format("down{}_block0.attention.qkv.weight", level);
    if (!tensors.contains(name) || unet.channels[level] == middle) continue;
    throw Error(fmt::format(
        "diffusers counts the channels of a head, the same for all levels, and {} heads "
        "share {} at one and {} at another; set model.head_channels, or model.heads = 1",
        unet.heads, unet.channels[level], middle));
  }
  return middle / unet.heads;
}

bool looks_at_tokens(const TensorMap& unet) { return unet.contains("tokens.weight"); }

// As UNet2DConditionModel's attention_head_dim, which counts the heads of each level.
nlohmann::json head_counts(const DiffusersUNet& unet) {
  auto counts = nlohmann::json::array();
  for (const auto channels : unet.channels) {
    counts.push_back(unet.head_channels > 0 ? channels / unet.head_channels : unet.heads);
  }
  return counts;
}

}  // namespace

bool has_diffusers_names(const TensorMap& stored) { return stored.contains("conv_in.weight"); }

TensorMap to_diffusers(const TensorMap& unet) {
  TensorMap stored;
  const int64_t levels = levels_of(unet);
  for (const auto& [ours, value] : unet) {
    for (const Part& part : parts_of(ours, value, levels)) {
      const auto rows = value.narrow(0, part.first, part.rows).reshape(part.sizes);
      stored[part.name] = (part.reversed ? columns_reversed(rows) : rows).contiguous();
    }
  }
  return stored;
}

void from_diffusers(const TensorMap& stored, const std::string& label, bool cosines_first,
                    TensorMap& unet) {
  std::vector<std::pair<at::Tensor, at::Tensor>> copies;
  TensorMap left = stored;
  const int64_t levels = levels_of(unet);
  for (auto& [ours, value] : unet) {
    for (const Part& part : parts_of(ours, value, levels)) {
      const auto found = left.find(part.name);
      if (found == left.end()) {
        throw Error(fmt::format("{}: lacks '{}' of this network", label, part.name),
                    ExitCode::kDamaged);
      }
      const auto to = value.detach().narrow(0, part.first, part.rows);
      const at::Tensor& from = found->second;
      if (from.sizes() != part.sizes || from.dtype() != to.dtype()) {
        throw Error(fmt::format("{}: '{}' is {}, the network has {} [{}]", label, part.name,
                                describe(from), to.dtype().name(), fmt::join(part.sizes, ",")),
                    ExitCode::kDamaged);
      }
      const auto ours_there = part.reversed ? columns_reversed(from, cosines_first) : from;
      copies.emplace_back(to, ours_there.reshape(to.sizes()));
      left.erase(found);
    }
  }
  if (!left.empty()) {
    throw Error(fmt::format("{}: holds '{}', which this network lacks", label, left.begin()->first),
                ExitCode::kDamaged);
  }
  const at::NoGradGuard no_grad;
  for (auto& [to, from] : copies) to.copy_(from);
}

namespace {

// UNet2DConditionModel's of diffusers 0.35.2, for what a configuration leaves out.
nlohmann::json defaults_with_tokens() {
  const std::string down = "DownBlock2D", up = "UpBlock2D";
  const std::string cross_down = "CrossAttn" + down, cross_up = "CrossAttn" + up;
  return {{"_class_name", "UNet2DConditionModel"},
          {"in_channels", 4},
          {"out_channels", 4},
          {"center_input_sample", false},
          {"freq_shift", 0},
          {"down_block_types", {cross_down, cross_down, cross_down, down}},
          {"mid_block_type", "UNetMidBlock2DCrossAttn"},
          {"up_block_types", {up, cross_up, cross_up, cross_up}},
          {"only_cross_attention", false},
          {"block_out_channels", {320, 640, 1280, 1280}},
          {"layers_per_block", 2},
          {"downsample_padding", 1},
          {"mid_block_scale_factor", 1},
          {"act_fn", "silu"},
          {"norm_num_groups", 32},
          {"norm_eps", 1e-5},
          {"cross_attention_dim", 1280},
          {"transformer_layers_per_block", 1},
          {"attention_head_dim", 8},
          {"num_attention_heads", nullptr},
          {"dual_cross_attention", false},
          {"use_linear_projection", false},
          {"class_embed_type", nullptr},
          {"addition_embed_type", nullptr},
          {"num_class_embeds", nullptr},
          {"resnet_time_scale_shift", "default"},
          {"time_embedding_type", "positional"}};
}

// UNet2DModel's of diffusers 0.35.2, for what a configuration leaves out.
nlohmann::json defaults() {
  const std::string down = "DownBlock2D", up = "UpBlock2D";
  const std::string attn_down = "Attn" + down, attn_up = "Attn" + up;
  return {{"_class_name", "UNet2DModel"},
          {"in_channels", 3},
          {"out_channels", 3},
          {"center_input_sample", false},
          {"time_embedding_type", "positional"},
          {"freq_shift", 0},
          {"down_block_types", {down, attn_down, attn_down, attn_down}},
          {"up_block_types", {attn_up, attn_up, attn_up, up}},
          {"block_out_channels", {224, 448, 672, 896}},
          {"layers_per_block", 2},
          {"mid_block_scale_factor", 1},
          {"downsample_padding", 1},
          {"downsample_type", "conv"},
          {"upsample_type", "conv"},
          {"act_fn", "silu"},
          {"attention_head_dim", 8},
          {"norm_num_groups", 32},
          {"attn_norm_num_groups", nullptr},
          {"norm_eps", 1e-5},
          {"resnet_time_scale_shift", "default"},
          {"add_attention", true},
          {"class_embed_type", nullptr},
          {"num_class_embeds", nullptr}};
}

// What levels are made of: with what begins a block's name where a level holds `attention`.
nlohmann::json block_types(const DiffusersUNet& unet, const TensorMap& tensors,
                           std::string_view attention, const std::string& attends) {
  std::vector<std::string> down, up;
  for (std::size_t level = 0; level < unet.channels.size(); ++level) {
    const bool found = tensors.contains(fmt::format("down{}_block0.{}", level, attention));
    const std::string start = found ? attends : "";
    down.push_back(start + "DownBlock2D");
    up.insert(up.begin(), start + "UpBlock2D");
  }
  return {{"down_block_types", down}, {"up_block_types", up}};
}

nlohmann::json config_with_tokens(const DiffusersUNet& unet, const TensorMap& tensors) {
  auto config = defaults_with_tokens();
  config.update({{"sample_size", nullptr},
                 {"in_channels", tensors.at("input.weight").size(1)},
                 {"out_channels", tensors.at("output.weight").size(0)},
                 {"freq_shift", unet.frequency_shift},
                 {"flip_sin_to_cos", false},
                 {"block_out_channels", unet.channels},
                 {"layers_per_block", unet.blocks},
                 {"dropout", unet.dropout},
                 {"norm_num_groups", unet.groups},
                 {"cross_attention_dim", tensors.at("tokens.weight").size(1)},
                 {"attention_head_dim", head_counts(unet)},
                 {"resnet_time_scale_shift", unet.scales_and_shifts ? "scale_shift" : "default"}});
  config.update(block_types(unet, tensors, "transformer.norm.weight", "CrossAttn"));
  return config;
}

nlohmann::json config_of(const DiffusersUNet& unet, const TensorMap& tensors) {
  if (looks_at_tokens(tensors)) return config_with_tokens(unet, tensors);
  const auto types = block_types(unet, tensors, "attention.qkv.weight", "Attn");
  const int64_t of_head = head_channels(unet, tensors);
  const auto label = tensors.find("label.weight");
  const auto or_null = [](int64_t number) {
    return number > 0 ? nlohmann::json(number) : nlohmann::json();
  };
  return {{"_class_name", "UNet2DModel"},
          {"sample_size", nullptr},
          {"in_channels", tensors.at("input.weight").size(1)},
          {"out_channels", tensors.at("output.weight").size(0)},
          {"center_input_sample", false},
          {"time_embedding_type", "positional"},
          {"freq_shift", unet.frequency_shift},
          {"flip_sin_to_cos", false},
          {"down_block_types", types.at("down_block_types")},
          {"up_block_types", types.at("up_block_types")},
          {"block_out_channels", unet.channels},
          {"layers_per_block", unet.blocks},
          {"mid_block_scale_factor", 1},
          {"downsample_padding", 1},
          {"downsample_type", "conv"},
          {"upsample_type", "conv"},
          {"dropout", unet.dropout},
          {"act_fn", "silu"},
          {"attention_head_dim", or_null(of_head)},
          {"norm_num_groups", unet.groups},
          {"attn_norm_num_groups", unet.groups},
          {"norm_eps", 1e-5},
          {"resnet_time_scale_shift", unet.scales_and_shifts ? "scale_shift" : "default"},
          {"add_attention", true},
          {"class_embed_type", nullptr},
          {"num_class_embeds", or_null(label == tensors.end() ? 0 : label->second.size(0))}};
}

}  // namespace

std::string diffusers_config(const DiffusersUNet& unet, const TensorMap& tensors) {
  return config_of(unet, tensors).dump(2) + "\n";
}

bool diffusers_flips(const std::string& config, const std::string& label, const DiffusersUNet& unet,
                     const TensorMap& tensors) {
  const auto theirs = nlohmann::json::parse(config, nullptr, /*allow_exceptions=*/false);
  if (!theirs.is_object() || !theirs.value("flip_sin_to_cos", nlohmann::json()).is_boolean()) {
    throw Error(fmt::format("{}: is no configuration of a U-Net of diffusers: it does not say "
                            "flip_sin_to_cos",
                            label),
                ExitCode::kDamaged);
  }
  const nlohmann::json own = config_of(unet, tensors);
  const nlohmann::json unsaid = looks_at_tokens(tensors) ? defaults_with_tokens() : defaults();
  for (const auto& [key, ours] : own.items()) {
    if (key == "sample_size" || key == "dropout" || key == "flip_sin_to_cos") continue;
    const auto found = theirs.find(key);
    const nlohmann::json& said = found == theirs.end() ? unsaid.at(key) : *found;
    if (said == ours) continue;
    // One number stands for all levels.
    if (ours.is_array() && said.is_number() && ours == nlohmann::json::array_t(ours.size(), said))
      continue;
    // What stands for the groups of other layers, where nothing scales and shifts.
    if (key == "attn_norm_num_groups" && said.is_null() && !unet.scales_and_shifts) continue;
    throw Error(fmt::format("{}: {} is {}{}, the definition's U-Net has {}", label, key,
                            said.dump(), found == theirs.end() ? " unless it is said" : "",
                            ours.dump()));
  }
  return theirs.at("flip_sin_to_cos").get<bool>();
}

}  // namespace assay
