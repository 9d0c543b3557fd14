"""Numbers that the tests form again (filled.h)."""
import torch


def filled(shape, phase, scale=0.6):
    n = torch.Size(shape).numel()
    return (scale * torch.sin(1.7 * torch.arange(n, dtype=torch.float64) + phase)).reshape(shape).float()
