"""Weights in 8 bits lose little, and nothing the second time."""

import torch

from nano_training.eight_bits import pack, quantise, unpack


def test_each_weight_is_off_by_at_most_half_a_step_of_its_channel():
    weight = torch.randn(5, 7, 3, 3, generator=torch.Generator().manual_seed(0)) * torch.tensor([1e-3, 1, 9, 0, 2])[:, None, None, None]
    codes, scales = quantise(weight)
    assert codes.dtype == torch.int8
    assert ((codes * scales - weight).abs() <= scales / 2 + 1e-7).all()


def test_rounding_again_changes_no_code_even_transposed_and_scaled():
    codes, scales = quantise(torch.randn(6, 9, generator=torch.Generator().manual_seed(1)))
    again, _ = quantise((codes * scales * 3.7).T.contiguous(), channel=1)
    assert torch.equal(again.T, codes)


def test_biases_and_counters_stay_as_they_are():
    state = {"w": torch.eye(3), "b": torch.tensor([0.123456789]), "n": torch.tensor(4)}
    back = unpack(pack(state))
    assert back.keys() == state.keys()
    assert all(torch.equal(back[name], state[name]) for name in state)
