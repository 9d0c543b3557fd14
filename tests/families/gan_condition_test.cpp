// SPDX-License-Identifier: Apache-2.0
// Class-conditional GANs, on affine networks: G(z, y) = W [z; y] + b, D's features are the points.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "families/gan/class_condition.h"
#include "families/gan/critic_penalty.h"
#include "tests/families/small_gan.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t kClasses = 3;

std::unique_ptr<Trainable> conditional(const std::string& condition, const std::string& more = "") {
  return small_model(kAffineGan + ("model.condition = '" + condition + "'\n") + more, {2},
                     kClasses);
}

Batch labelled_points() { return {real_points(7).images, torch::tensor({0, 1, 2, 0, 1, 2, 2})}; }

torch::Tensor encoded(const torch::Tensor& labels) {
  return torch::one_hot(labels, kClasses).to(torch::kFloat);
}

/// What a step draws, and what the networks of a state make of it.
struct Drawn {
  explicit Drawn(const State& state) {
    const auto noise = seeded(7);
    const auto z = torch::randn({7, 3}, noise);
    y = encoded((torch::rand({7}, noise) * kClasses).floor().to(torch::kLong));
    x = torch::mm(torch::cat({z, y}, 1), state.at("generator.0.weight").t()) +
        state.at("generator.0.bias");
  }
  torch::Tensor x, y;
};

torch::Tensor scores(const State& state, const torch::Tensor& x) {
  const auto s = torch::mm(x, state.at("discriminator.class_head.0.weight").t());
  const auto bias = state.find("discriminator.class_head.0.bias");
  return bias == state.end() ? s : s + bias->second;
}

/// One step's losses are those of these logits, of x and y by a state's weights; and classes
/// matter: another order of them is another loss.
template <class Logits>
void expect_losses_of(Trainable& model, const Logits& logits) {
  const auto before = copy_of_state(model);
  const auto batch = labelled_points();
  const auto logged = logged_by_step(model, batch);
  const Drawn drawn(before);
  const auto y = encoded(batch.labels);
  EXPECT_NEAR(logged.at("discriminator_loss"),
              nats(-logits(before, batch.images, y)) + nats(logits(before, drawn.x, drawn.y)),
              1e-5);
  const auto after = copy_of_state(model);
  EXPECT_NEAR(logged.at("generator_loss"), nats(-logits(after, drawn.x, drawn.y)), 1e-5);
  EXPECT_GT(std::abs(nats(-logits(before, batch.images, y.roll(1, 0))) -
                     nats(-logits(before, batch.images, y))),
            1e-3);
}

// w·x + c + yᵀVx, each example with its own class.
TEST(GanCondition, ProjectionAddsAnInnerProductOfClassAndFeatures) {
  const auto model = conditional("projection");
  EXPECT_FALSE(state_of(*model).contains("discriminator.class_head.0.bias"));
  expect_losses_of(*model, [](const State& state, const torch::Tensor& x, const torch::Tensor& y) {
    return plain_logits(state, x) + (scores(state, x) * y).sum(1, true);
  });
}

// oᵀe/√E, o = W x + b, e = V y + c over the root of its mean square.
TEST(GanCondition, EmbeddingIsAnInnerProductOfOutputAndEmbeddedClass) {
  const auto model = conditional("embedding", "model.class_embedding = 5\n");
  EXPECT_EQ(state_of(*model).at("discriminator.1.weight").sizes(), (at::IntArrayRef{5, 2}));
  expect_losses_of(*model, [](const State& state, const torch::Tensor& x, const torch::Tensor& y) {
    const auto e = affine(state, "discriminator.class_head.0", y);
    const auto power = e.norm(2, {1}, true);  // √(Σ e²) = √5 · root of the mean square
    return (affine(state, "discriminator.1", x) * e).sum(1, true) / power;
  });
}

// After one step m = (1 − β1) g. Of cross-entropy by scores: (softmax − y)/N.
TEST(GanCondition, AcGanAddsTheClassLossOfBothBatchesToBothNetworks) {
  const auto model = conditional(
      "ac_gan", "objective.class_weight = 0.5\nobjective.generator_class_weight = 0.25\n");
  const auto before = copy_of_state(*model);
  const auto batch = labelled_points();
  const auto logged = logged_by_step(*model, batch);
  const auto after = copy_of_state(*model);
  const Drawn drawn(before);
  const auto error = [](const State& state, const torch::Tensor& x, const torch::Tensor& y) {
    return (scores(state, x).softmax(1) - y) / 7.0;
  };
  const auto y = encoded(batch.labels);
  const auto of_head = torch::mm(error(before, batch.images, y).t(), batch.images) +
                       torch::mm(error(before, drawn.x, drawn.y).t(), drawn.x);
  EXPECT_TRUE(torch::allclose(after.at("discriminator_optimizer.class_head.0.weight.m") / 0.1,
                              0.5 * of_head, 1e-3, 1e-5));
  // −log σ(D(G)) climbs w, the class loss descends V, both as they are after D's step.
  const auto of_logit = -torch::sigmoid(-plain_logits(after, drawn.x)) / 7.0;
  const auto of_output = torch::mm(of_logit, after.at("discriminator.1.weight")) +
                         0.25 * torch::mm(error(after, drawn.x, drawn.y),
                                          after.at("discriminator.class_head.0.weight"));
  EXPECT_TRUE(torch::allclose(after.at("generator_optimizer.0.bias.m") / 0.1, of_output.sum(0),
                              1e-3, 1e-5));
  const auto share = [&](const torch::Tensor& x, const torch::Tensor& of) {
    return (scores(before, x).argmax(1) == of.argmax(1)).to(torch::kDouble).mean().item<double>();
  };
  EXPECT_NEAR(logged.at("class_real_accuracy"), share(batch.images, y), 1e-6);
  EXPECT_NEAR(logged.at("class_generated_accuracy"), share(drawn.x, drawn.y), 1e-6);
  // The adversarial losses are logged without it.
  EXPECT_NEAR(logged.at("discriminator_loss"),
              nats(-plain_logits(before, batch.images)) + nats(plain_logits(before, drawn.x)),
              1e-5);
}

TEST(GanCondition, SamplesAreOfTheClassesInTurn) {
  const auto model = conditional("projection");
  auto& generative = dynamic_cast<GenerativeModel&>(*model);
  const auto labels = *generative.sample_labels(5);
  EXPECT_TRUE(torch::equal(labels, torch::tensor({0, 1, 2, 0, 1})));
  const auto z = *generative.draw_latents(5, labels, seeded(3));
  const auto samples =
      samples_as_one(generative, {.count = 5, .generator = seeded(3), .batch_size = 2});
  EXPECT_TRUE(torch::allclose(*generative.decode(z, labels), samples, 1e-5, 1e-6));
  // A column of W for each class.
  const auto w = state_of(*model).at("generator.0.weight").detach();
  const auto others = *generative.decode(z, (labels + 1).remainder(kClasses));
  EXPECT_TRUE(torch::allclose(others[0] - samples[0], w.select(1, 4) - w.select(1, 3), 1e-4, 1e-5));
  EXPECT_FALSE(dynamic_cast<GenerativeModel&>(*small_model(kAffineGan, {2}, kClasses))
                   .sample_labels(5)
                   .has_value());
}

// Half, a quarter, a quarter: of 4000 draws the shares are within 0.03 (four standard deviations).
TEST(GanCondition, ClassesToGenerateAreDrawnByTheirSharesOfTheData) {
  const auto definition = gan_of("model.condition = 'ac_gan'");
  const Classes classes({.definition = definition,
                         .example_shape = {2},
                         .classes = kClasses,
                         .training_labels = torch::tensor({0, 1, 0, 2})});
  const auto y = classes.draw(4000, seeded(1));
  EXPECT_TRUE(torch::equal(y.sum(1), torch::ones({4000})));
  EXPECT_TRUE(torch::allclose(y.mean(0), torch::tensor({0.5, 0.25, 0.25}), 0.0, 0.03));
}

// D(x, y) = (y₀ + 2 y₁) · x₁: the slope is 1 of class 0 and 2 of class 1; the penalty is half its
// square.
TEST(GanCondition, PenaltiesSeeEachBatchWithItsOwnClasses) {
  const auto critic = [](const torch::Tensor& x, const torch::Tensor& y) {
    return (y.select(1, 0) + 2.0 * y.select(1, 1)) * x.select(1, 0);
  };
  const auto x = torch::randn({4, 2}, seeded(1));
  const Noise noise(seeded(4));
  const std::vector<torch::Tensor> none;
  const auto of = [&](std::int64_t label) {
    return torch::one_hot(torch::full({4}, label), 2).to(torch::kFloat);
  };
  const CriticView view{critic, x, x, none, noise, of(0), of(1)};
  const auto value = [&](const std::string& name) {
    return critic_penalties().at(name).value(view).item<double>();
  };
  EXPECT_NEAR(value("r1"), 0.5, 1e-6);
  EXPECT_NEAR(value("r2"), 2.0, 1e-6);
  EXPECT_NEAR(value("gradient_penalty"), 0.0, 1e-6);  // (1 − 1)², of the real ones' classes
}

TEST(GanCondition, IsRefusedWhereItCannotBe) {
  EXPECT_THAT(gan_refusal("model.condition = 'projection'\nobjective.packing = 2"),
              HasSubstr("objective.packing judges several as one"));
  EXPECT_THAT([] { small_model(kAffineGan + std::string("model.condition = 'ac_gan'\n"), {2}); },
              ::testing::ThrowsMessage<Error>(HasSubstr("model.condition needs labels")));
  EXPECT_TRUE(capabilities_of(gan_of("model.condition = 'projection'")).conditional);
  EXPECT_FALSE(capabilities_of(gan_of("")).conditional);
}

}  // namespace
}  // namespace assay
