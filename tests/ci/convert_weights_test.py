# SPDX-License-Identifier: Apache-2.0
"""Files of torch.save, written by tests/oracle/make_torch_files.py, through ci/convert_weights.py."""

import json
import pathlib
import struct
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "ci"))
import convert_weights  # noqa: E402

FORMATS = ("zip", "legacy")


def saved(what, form):
    return (ROOT / "tests/oracle" / f"{what}_{form}.pth").read_bytes()


def tensors_of(result):
    """Name -> (shape, numbers) of a safetensors file of f32 tensors."""
    (length,) = struct.unpack_from("<Q", result)
    header = json.loads(result[8 : 8 + length])
    header.pop("__metadata__")
    tensors = {}
    for name, entry in header.items():
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        assert entry["dtype"] == "F32"
        numbers = struct.unpack(f"<{(end - begin) // 4}f", result[begin:end])
        tensors[name] = (entry["shape"], list(numbers))
    return tensors


class ConvertWeights(unittest.TestCase):
    def test_gives_the_tensors_of_a_state_dict(self):
        for form in FORMATS:
            tensors = tensors_of(convert_weights.convert(saved("state_dict", form))[0])
            # The script writes arange(numel) + i into the i-th floating-point tensor.
            self.assertEqual(tensors["0.weight"], ([2, 1, 1, 1], [0.0, 1.0]))
            self.assertEqual(tensors["0.bias"], ([2], [1.0, 2.0]))
            self.assertEqual(tensors["1.running_var"], ([2], [5.0, 6.0]))
            self.assertEqual(tensors["empty"], ([0, 3], []))
            self.assertNotIn("1.num_batches_tracked", tensors)

    def test_brings_stylegan2_of_its_authors_to_our_names(self):
        for network in ("generator", "discriminator"):
            saved_there = (ROOT / f"tests/oracle/stylegan2_{network}.pth").read_bytes()
            result = convert_weights.convert(saved_there, stylegan2=True)[0]
            self.assertEqual(result, (ROOT / f"tests/oracle/stylegan2_{network}.safetensors").read_bytes())
            names = set(tensors_of(result))
            self.assertTrue({"generator": {"mean_style", "0.mapping.fc1.bias", "0.synthesis.b8.conv0.noise_const"},
                             "discriminator": {"fromrgb.bias", "b8.skip.weight", "conv.bias", "out.weight"}}[network] <= names)
            self.assertFalse([name for name in names if "resample_filter" in name])

    def test_refuses_what_is_no_stylegan2_of_one_filter(self):
        with self.assertRaisesRegex(ValueError, "no network of StyleGAN2"):
            convert_weights.convert(saved("state_dict", "zip"), stylegan2=True)
        state, storages = convert_weights.read_zip((ROOT / "tests/oracle/stylegan2_discriminator.pth").read_bytes())
        with self.assertRaisesRegex(ValueError, "'mapping.fc0.weight'"):
            convert_weights.from_stylegan2(state | {"mapping.fc0.weight": state["b4.fc.weight"]}, storages)
        with self.assertRaisesRegex(ValueError, r"is not the filter \[1, 3, 3, 1\]"):
            convert_weights.from_stylegan2(state | {"b8.resample_filter": state["b4.out.weight"]}, storages)

    def test_gives_views_of_one_storage_as_tensors_of_their_own(self):
        both = [i / 8 for i in range(12)]
        for form in FORMATS:
            tensors = tensors_of(convert_weights.convert(saved("state_dict", form))[0])
            self.assertEqual(tensors["shared"], ([3, 4], both))
            self.assertEqual(tensors["shared_column"], ([3], both[1::4]))
            self.assertEqual(tensors["transposed"],
                             ([4, 3], [both[4 * i + j] for j in range(4) for i in range(3)]))

    def test_refuses_any_other_name_without_calling_it(self):
        for form in FORMATS:
            with self.assertRaisesRegex(Exception, "'posix getcwd', which could be code"):
                convert_weights.convert(saved("foreign_global", form))
            with self.assertRaisesRegex(Exception, "'torch HalfStorage'"):
                convert_weights.convert(saved("half_storage", form))

    def test_refuses_what_is_no_state_dict(self):
        for form in FORMATS:
            with self.assertRaisesRegex(Exception, "it holds no state dict"):
                convert_weights.convert(saved("list", form))

    def test_refuses_a_file_cut_short_anywhere(self):
        for form in FORMATS:
            whole = saved("state_dict", form)
            for length in range(len(whole)):
                with self.assertRaises(Exception, msg=length):
                    convert_weights.convert(whole[:length])


if __name__ == "__main__":
    unittest.main()
