"""Answers JSON lines on stdin with JSON lines on stdout: the same work as the bench, done by PyTorch.

Requests are {"id", "op", ...}; answers {"id", "ok": true, ...} or {"id", "ok": false, "error"}. Times are taken here, so
that the pipe costs PyTorch nothing.
"""

import json
import os
import resource
import struct
import sys
import time

import torch

from adm_unet import AdmUnet
from feature_networks import feature_network

SIGMA_DATA, SIGMA_MIN, SIGMA_MAX = 0.5, 0.002, 80.0


def peak_kb():
    """On Linux the kernel's mark of this program: getrusage begins at the size of the parent that started it."""
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main():
    answers = sys.stdout
    sys.stdout = sys.stderr  # Nothing but answers goes to the real one.
    peer = Peer()
    for line in sys.stdin:
        request = json.loads(line)
        try:
            result = {"id": request["id"], "ok": True, **getattr(peer, "do_" + request["op"])(request)}
        except Exception as error:
            result = {"id": request["id"], "ok": False, "error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(result) + "\n")
        answers.flush()


class Peer:
    def __init__(self):
        self.device = torch.device("cpu")
        self.nets = {}

    def do_hello(self, request):
        torch.set_num_threads(request["threads"])
        self.device = torch.device(request["device"])
        if self.device.type == "cuda":
            # Float32 means float32: the other side has no shortcut either.
            torch.backends.cuda.matmul.allow_tf32 = False
            torch.backends.cudnn.allow_tf32 = False
        name = torch.cuda.get_device_name() if self.device.type == "cuda" else "CPU"
        return {"version": torch.__version__, "threads": torch.get_num_threads(), "device": name, "blas": blas_libraries()}

    def do_load(self, request):
        """Makes a network from a config and loads weights, names and shapes checked, from a safetensors file."""
        format = torch.channels_last if request["channelsLast"] else torch.contiguous_format
        network = AdmUnet(request["config"])
        network.load_state_dict(read_safetensors(request["weights"]), strict=True)
        network = network.to(self.device, memory_format=format)
        self.nets[request["name"]] = Trained(network, format, self.device)
        return {"parameters": sum(p.numel() for p in network.parameters())}

    def do_drop(self, request):
        self.nets.pop(request["name"], None)
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        return {}

    def do_train(self, request):
        net, batch = self.nets[request["name"]], request["batch"]
        return {"ms": self.clock(lambda: net.train_step(batch), request["calls"])}

    def do_sample(self, request):
        net, batch = self.nets[request["name"]], request["batch"]
        return {"ms": self.clock(lambda: net.sample(net.start(batch)), request["calls"])}

    def do_apply(self, request):
        """The one-step image of the given noise, for holding the two implementations against each other."""
        net = self.nets[request["name"]]
        height, width, channels = net.network.config["shape"]
        x = torch.tensor(request["x"]).reshape(-1, height, width, channels).permute(0, 3, 1, 2)
        images = net.sample(x.to(self.device).contiguous(memory_format=net.format))
        return {"images": images.permute(0, 2, 3, 1).flatten().tolist()}

    def do_load_features(self, request):
        format = torch.channels_last if request["channelsLast"] else torch.contiguous_format
        network = feature_network(request["name"], read_safetensors(request["weights"]))
        self.nets[request["name"]] = Features(network.to(self.device, memory_format=format), format, self.device)
        return {}

    def do_features(self, request):
        """From bytes in host memory to features there."""
        net = self.nets[request["name"]]
        images = torch.randint(0, 256, request["shape"], dtype=torch.uint8).permute(0, 3, 1, 2)
        return {"ms": self.clock(lambda: net(images), request["calls"])}

    def do_apply_features(self, request):
        """Features of the given images, channels last."""
        x = torch.tensor(request["x"], dtype=torch.uint8).reshape(request["shape"]).permute(0, 3, 1, 2)
        return {"features": self.nets[request["name"]](x).flatten().tolist()}

    def do_matmul(self, request):
        a, b = (torch.randn(request["size"], request["size"], device=self.device) for _ in range(2))
        return {"ms": self.clock(lambda: a @ b, request["calls"])}

    def do_memory(self, _request):
        return {"peakMb": peak_kb() / 1024}

    def clock(self, work, calls):
        self.wait()
        start = time.perf_counter()
        for _ in range(calls):
            work()
        self.wait()
        return 1000 * (time.perf_counter() - start)

    def wait(self):
        if self.device.type == "cuda":
            torch.cuda.synchronize()


class Trained:
    """A network with optimizer and evaluation average: what one run of easy consistency tuning holds."""

    def __init__(self, network, format, device):
        self.network, self.format, self.device = network, format, device
        self.params = list(network.parameters())
        self.average = [p.detach().clone() for p in self.params]
        self.optimizer = torch.optim.Adam(self.params, lr=1e-4)
        self.images = {}

    def denoise(self, x, sigma, consistency):
        sigma = sigma[:, None, None, None]
        gap = sigma - SIGMA_MIN if consistency else sigma
        std = (sigma**2 + SIGMA_DATA**2).sqrt()
        skip = SIGMA_DATA**2 / (gap**2 + SIGMA_DATA**2)
        output = self.network(x / std, sigma.flatten().log() / 4)
        return skip * x + SIGMA_DATA * gap / std * output

    def randn(self, batch):
        height, width, channels = self.network.config["shape"]
        return torch.randn(batch, channels, height, width, device=self.device).contiguous(memory_format=self.format)

    def start(self, batch):
        return SIGMA_MAX * self.randn(batch)

    @torch.no_grad()
    def sample(self, x):
        return self.denoise(x, torch.full((x.shape[0],), SIGMA_MAX, device=self.device), True)

    def train_step(self, batch):
        """Target without gradient, distance, gradients, Adam, average: the bench's `ect` step."""
        if batch not in self.images:
            self.images[batch] = self.randn(batch).clamp(-1, 1)
        images, noise = self.images[batch], self.randn(batch)
        sigma = torch.exp(2 * torch.randn(batch, device=self.device) - 1.1)
        following = sigma / 2
        with torch.no_grad():
            target = self.denoise(images + following[:, None, None, None] * noise, following, False)
        estimate = self.denoise(images + sigma[:, None, None, None] * noise, sigma, False)
        distance = (estimate - target).square().flatten(1).sum(1).add(1e-12).sqrt()
        loss = (distance / (sigma - following)).mean()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        with torch.no_grad():
            torch._foreach_mul_(self.average, 0.999)
            torch._foreach_add_(self.average, self.params, alpha=0.001)
        # Read back, as the trainer does: every step's loss is checked.
        return loss.item()


class Features:
    """A feature network that only looks."""

    def __init__(self, network, format, device):
        self.network, self.format, self.device = network, format, device

    @torch.no_grad()
    def __call__(self, images):
        x = images.to(self.device).float().contiguous(memory_format=self.format)
        return self.network(x).cpu()


def blas_libraries():
    """What computes matrix products: a reference BLAS is many times slower than a tuned one. Empty if not to be told."""
    try:
        with open("/proc/self/maps") as maps:
            paths = {line.split()[-1] for line in maps if "/" in line}
    except OSError:
        return ""
    names = sorted(os.path.basename(path) for path in paths)
    return ", ".join(name for name in names if "blas" in name or "mkl" in name)


def read_safetensors(path):
    """Float32 tensors by name."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = bytearray(file.read())
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            flat = torch.frombuffer(data, dtype=torch.float32, count=(end - begin) // 4, offset=begin)
            tensors[name] = flat.reshape(entry["shape"]).clone()
    return tensors


if __name__ == "__main__":
    main()
