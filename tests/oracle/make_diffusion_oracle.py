#!/usr/bin/env python3
"""What samplers of k-diffusion and diffusers make of one start and one analytic denoiser: diffusion_oracle.json.

Made with torch 2.11.0, diffusers 0.35.2 and k-diffusion 0.1.1.post1 (its sampling.py alone):
  pip install torch diffusers==0.35.2 k-diffusion==0.1.1.post1 && ./make_diffusion_oracle.py > diffusion_oracle.json
"""
import importlib.util
import json
import pathlib
import sys
import types

import torch
from diffusers import DDPMScheduler, UniPCMultistepScheduler


def load_k_diffusion():
    """k_diffusion.sampling without the packages that its training needs."""
    folder = next(pathlib.Path(p) / "k_diffusion" for p in sys.path if (pathlib.Path(p) / "k_diffusion").exists())
    package = types.ModuleType("k_diffusion")
    package.__path__ = [str(folder)]
    sys.modules["k_diffusion"] = package
    utils = types.ModuleType("k_diffusion.utils")
    utils.append_dims = lambda x, dims: x[(...,) + (None,) * (dims - x.ndim)]
    sys.modules["k_diffusion.utils"] = utils
    package.utils = utils
    spec = importlib.util.spec_from_file_location("k_diffusion.sampling", folder / "sampling.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


K = load_k_diffusion()
torch.set_default_dtype(torch.float64)
START = torch.linspace(-2.0, 2.0, 6).view(1, 1, 2, 3)
NOISE = torch.linspace(0.9, -1.3, 6).view(1, 1, 2, 3)
quiet = {"disable": True}


def denoised(x, sigma, **_):
    """Neither straight nor the same at all levels."""
    return 0.6 * torch.sin(2 * x / (1 + sigma)) + 0.2 * x / (1 + sigma ** 2)


def flat(x):
    return [float(v) for v in x.flatten()]


def k_diffusion():
    sigmas = K.get_sigmas_karras(8, 0.002, 80.0)
    x = START * 80.0
    # One draw for all steps, so that no generator has to be shared.
    K.torch.randn_like = lambda like: NOISE.clone()
    made = {
        "karras_18": flat(K.get_sigmas_karras(18, 0.002, 80.0)),
        "edm_heun": flat(K.sample_heun(denoised, x, sigmas, **quiet)),
        "edm_heun_churn": flat(K.sample_heun(denoised, x, sigmas, s_churn=3.0, s_tmin=0.05, s_tmax=50.0, s_noise=1.1, **quiet)),
        "dpmpp_2m": flat(K.sample_dpmpp_2m(denoised, x, sigmas, **quiet)),
        "dpmpp_2s": flat(K.sample_dpmpp_2s_ancestral(denoised, x, sigmas, eta=0.0, **quiet)),
        "dpmpp_3m": flat(K.sample_dpmpp_3m_sde(denoised, x, sigmas, eta=0.0, noise_sampler=lambda *_: 0.0, **quiet)),
        "euler": flat(K.sample_euler(denoised, x, sigmas, **quiet)),
    }
    return made


def unipc(order):
    scheduler = UniPCMultistepScheduler(num_train_timesteps=1000, beta_start=1e-4, beta_end=0.02, solver_order=order,
                                        prediction_type="sample", solver_type="bh2")
    scheduler.set_timesteps(7)
    scheduler.sigmas = scheduler.sigmas.double()
    x = START
    for t, sigma in zip(scheduler.timesteps, scheduler.sigmas):
        signal = 1 / (1 + sigma ** 2).sqrt()
        x = scheduler.step(denoised(x / signal, sigma), t, x).prev_sample
    return {"timesteps": [int(t) for t in scheduler.timesteps], "x": flat(x)}


def learned_variance():
    """One ancestral step from timestep 600 to 599 with a learned variance in the middle of its range."""
    scheduler = DDPMScheduler(num_train_timesteps=1000, beta_start=1e-4, beta_end=0.02, variance_type="learned_range",
                              prediction_type="sample", clip_sample=False)
    scheduler.set_timesteps(1000)
    share = torch.full_like(START, 0.3)                  # of the way from beta~ to beta: v = 2 share - 1
    import diffusers.schedulers.scheduling_ddpm as module
    module.randn_tensor = lambda *_, **__: NOISE
    output = torch.cat([0.5 * START, 2 * share - 1], 1)
    return flat(scheduler.step(output, 600, START).prev_sample)


json.dump({"k_diffusion": k_diffusion(), "unipc_2": unipc(2), "unipc_3": unipc(3), "learned_variance": learned_variance()},
          sys.stdout, indent=1)
print()
