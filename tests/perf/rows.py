"""The rows of ci/perf: what is compared, and when results count as the same."""
import pathlib

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PERF = ROOT / "tests/perf"
BIN = ROOT / "build/release/bin"
ROWS = []


def rows(name, ours, peers, **options):
    """One comparison: our command and, by label, the peers' (a list of commands: their times are added).

    agree(ours, peers' values) says whether results agree; None if that has no meaning. kind: "repeats" (both sides
    repeat the work on demand), "process" (the whole process is timed), "first" (its first step is). clock: "seconds" of
    wall time, or "processor_seconds" where both sides use one thread. memory: a second row, of peak memory."""
    ROWS.append({"name": name, "ours": ours, "peers": peers, "agree": None, "kind": "repeats", "clock": "seconds",
                 "threads": 2, "memory": None} | options)


def close(tolerance):
    """Every value of the last repeat within a share of the peer's."""
    return lambda ours, theirs: all(abs(a - b) <= tolerance * abs(b)
                                    for a, b in zip(ours[-1]["values"], theirs[0][-1]["values"], strict=True))


def close_at_first(tolerance):
    """The loss after the first repeat: later ones of a GAN differ by chaos alone."""
    return lambda ours, theirs: abs(ours[0]["values"][0] - theirs[0][0]["values"][0]) <= tolerance * abs(
        theirs[0][0]["values"][0])


def define_gpu(cache, python, binaries):
    """On a GPU, wall time: our runs' settings (full f32, deterministic) beside PyTorch's own defaults (convolutions in TF32)."""
    for name in ("mlp_vae_train", "conv_vae_train", "dcgan_train", "stylegan2_train", "ddpm_train", "ddpm_sample"):
        rows(name, [binaries / "perf_training", name, cache, "cuda"],
             {setting: [[python, PERF / "peers_training.py", name, setting, cache, "cuda"]] for setting in ("eager", "best")},
             agree=close_at_first(5e-2), threads=1)
    for name in ("toy2d_gan_8_seeds", "toy2d_narrow_gan_8_seeds", "mlp_vae_8_seeds"):
        rows(name, [binaries / "perf_seed_batch", name, "together", cache, "cuda"],
             {"eager": [[python, PERF / "peers_seed_batch.py", name, cache, "cuda"]],
              "solo": [[binaries / "perf_seed_batch", name, "alone", cache, "cuda"]]},
             agree=close_at_first(5e-2), threads=1)
    return ROWS


def define(cache, python):
    def metrics(work):
        return [BIN / "perf_metrics", work, cache]

    def metric_peer(work, peer):
        return [python, PERF / "peers_metrics.py", work, peer, cache]

    def against_torch_fidelity(name, work, tolerance, ours=None):
        rows(name, metrics(ours or work), {"torch-fidelity": [metric_peer(work, "torch-fidelity")]}, agree=close(tolerance))

    against_torch_fidelity("frechet_2048", "frechet_2048", 1e-9)
    # The peer is the inexact side: it is off by 1e-5 where covariances are singular.
    against_torch_fidelity("frechet_rank_deficient", "frechet_rank_deficient", 1e-4)
    against_torch_fidelity("statistics_50k", "statistics_50k", 1e-5)
    against_torch_fidelity("statistics_50k_f32_blocks", "statistics_50k", 1e-5, ours="statistics_50k_f32")
    # Ours does more at once: KID over all pairs and AuthPct too. The four scores of prdc must agree.
    rows("neighbours_10k", metrics("neighbours_10k"),
         {"sum_of_peers": [metric_peer("neighbours_10k", "prdc"), metric_peer("neighbours_10k", "torch-fidelity")]},
         agree=lambda ours, theirs: all(abs(a - b) < 1e-12 for a, b in zip(ours[-1]["values"][:4],
                                                                           theirs[0][-1]["values"])))
    rows("inception_features", [BIN / "perf_inception"], {"torch-fidelity": [[python, PERF / "peers_inception.py"]]},
         agree=close(1e-3))

    def training(name, settings, agree, **options):
        peers = {setting: [[python, PERF / "peers_training.py", name, setting, cache]] for setting in settings}
        rows(name, [BIN / "perf_training", name, cache], peers, agree=agree, threads=1, clock="processor_seconds",
             **options)

    everything = ("eager", "best", "compile")
    training("mlp_vae_train", everything, close(1e-3))
    training("conv_vae_train", everything, close(1e-3))
    training("dcgan_train", everything, close_at_first(2e-2))
    training("wgan_gp_train", everything, close_at_first(2e-2))
    # The whole step of both networks, and the two layers that it is made of most.
    training("stylegan2_train", everything, close_at_first(2e-2))
    training("stylegan2_convolutions", everything, close(1e-3))
    training("ddpm_train", everything, close(1e-3), memory="peak_memory_ddpm")
    training("ddpm_sample", everything, close(1e-3))
    training("ddp_library_train", ("eager", "compile"), close(1e-3))
    training("ddp_library_sample", ("eager", "compile"), close(1e-3))
    # Eight seeds as one model, beside eight runs one after another: in PyTorch, and our own.
    gans = ["toy2d_gan_8_seeds", "toy2d_narrow_gan_8_seeds", *(f"toy2d_gan_width_{width}" for width in (16, 64, 256))]
    vaes = ["mlp_vae_8_seeds", "mlp_vae_width_200", "mlp_vae_width_64"]
    for name, tolerance in (*((name, 2e-2) for name in gans), ("toy2d_ddpm_8_seeds", 1e-3), *((name, 1e-3) for name in vaes)):
        peers = {"eager": [[python, PERF / "peers_seed_batch.py", name, cache]],
                 "solo": [[BIN / "perf_seed_batch", name, "alone", cache]]}
        if name in vaes:  # the first two are too large to train together, which "forced" does all the same
            peers["forced"] = [[BIN / "perf_seed_batch", name, "forced", cache]]
        rows(name, [BIN / "perf_seed_batch", name, "together", cache], peers,
             agree=close_at_first(tolerance), threads=1, clock="processor_seconds")
    rows("process_start", [BIN / "perf_hello"], {"python": [[python, "-c", "import torch; a = torch.ones(256, 256); "
                                                             "print(int((a @ a).sum()))"]]}, kind="process", threads=1)
    rows("first_step", [BIN / "perf_training", "conv_vae_train", cache],
         {"compile": [[python, PERF / "peers_training.py", "conv_vae_train", "compile", cache]]}, kind="first", threads=1)
    return ROWS
