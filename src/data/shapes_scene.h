// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace assay {

/// What of a scene does not depend on its colours.
struct SceneGeometry {
  std::int64_t scale = 0;        ///< 0…7: lengths times (21 + 2 scale)/28
  std::int64_t shape = 0;        ///< 0 cube, 1 cylinder, 2 sphere, 3 capsule
  std::int64_t orientation = 0;  ///< 0…14: the room turned by −30° + orientation · 60°/14
};

/// Red, green and blue of a tenth of the colour circle from red, 0…9, at full saturation and value.
/// 255 is 5 · 51, so nothing is rounded.
using HueColour = std::array<std::int32_t, 3>;
HueColour colour_of(std::int64_t hue);

/// What white surfaces would send to each pixel, 0 to kMostLight: a pixel of a coloured scene is
/// the sum of the three, each times its colour.
struct PixelLight {
  std::int32_t floor = 0, wall = 0, object = 0;
};
inline constexpr std::int32_t kMostLight = 4 * 255;

/// A square room, 9 wide, seen from 7 before its centre and 3.5 above the floor, through a field of
/// view of 46° directed at the point 1 above the centre; walls on the camera's side are left out.
/// On its centre stands, at scale 1, a cube 1.6 wide, a cylinder of the same width and height, a
/// sphere of radius 0.9 or a capsule 1.2 wide and 2.2 high. All is lit from (−2, −3, 6)/7 in the
/// room's axes (Lambert's law: 90 of 255 from all sides, up to 160 from there), without shadows.
/// Rays are cast in integers. Four samples a pixel; size² of them, row by row.
std::vector<PixelLight> light_of(const SceneGeometry& geometry, std::int64_t size);

}  // namespace assay
