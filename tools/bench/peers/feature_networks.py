"""The feature networks in PyTorch's own modules: Inception v3 as FID uses it, and the classifier behind FD-LeNet."""

import torch
import torch.nn.functional as F
from torch import nn


class BasicConv(nn.Module):
    """Convolution, batch norm, ReLU, as the published network has them."""

    def __init__(self, inputs, outputs, kernel, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=1e-3)

    def forward(self, x):
        return F.relu(self.bn(self.conv(x)), inplace=True)


def average(x):
    return F.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)


class Block(nn.Module):
    """Branches of one input, side by side; a subclass names its convolutions and says what runs after what."""

    def __init__(self, inputs, layers):
        super().__init__()
        widths = {"x": inputs}
        for name, source, outputs, kernel, stride in layers:
            height, width = (kernel, kernel) if isinstance(kernel, int) else kernel
            padding = 0 if stride == 2 else (height // 2, width // 2)
            setattr(self, name, BasicConv(widths[source], outputs, (height, width), stride, padding))
            widths[name] = outputs
        self.layers = [(name, source) for name, source, *_ in layers]

    def run(self, x, pooled):
        values = {"x": x}
        for name, source in self.layers:
            values[name] = getattr(self, name)(pooled(x) if name == "branch_pool" else values[source])
        return values


class BlockA(Block):
    def __init__(self, inputs, pool_width):
        super().__init__(inputs, [
            ("branch1x1", "x", 64, 1, 1),
            ("branch5x5_1", "x", 48, 1, 1), ("branch5x5_2", "branch5x5_1", 64, 5, 1),
            ("branch3x3dbl_1", "x", 64, 1, 1), ("branch3x3dbl_2", "branch3x3dbl_1", 96, 3, 1),
            ("branch3x3dbl_3", "branch3x3dbl_2", 96, 3, 1),
            ("branch_pool", "x", pool_width, 1, 1),
        ])

    def forward(self, x):
        y = self.run(x, average)
        return torch.cat([y["branch1x1"], y["branch5x5_2"], y["branch3x3dbl_3"], y["branch_pool"]], 1)


class BlockB(Block):
    def __init__(self, inputs):
        super().__init__(inputs, [
            ("branch3x3", "x", 384, 3, 2),
            ("branch3x3dbl_1", "x", 64, 1, 1), ("branch3x3dbl_2", "branch3x3dbl_1", 96, 3, 1),
            ("branch3x3dbl_3", "branch3x3dbl_2", 96, 3, 2),
        ])

    def forward(self, x):
        y = self.run(x, average)
        return torch.cat([y["branch3x3"], y["branch3x3dbl_3"], F.max_pool2d(x, 3, stride=2)], 1)


class BlockC(Block):
    def __init__(self, inputs, width):
        super().__init__(inputs, [
            ("branch1x1", "x", 192, 1, 1),
            ("branch7x7_1", "x", width, 1, 1), ("branch7x7_2", "branch7x7_1", width, (1, 7), 1),
            ("branch7x7_3", "branch7x7_2", 192, (7, 1), 1),
            ("branch7x7dbl_1", "x", width, 1, 1), ("branch7x7dbl_2", "branch7x7dbl_1", width, (7, 1), 1),
            ("branch7x7dbl_3", "branch7x7dbl_2", width, (1, 7), 1),
            ("branch7x7dbl_4", "branch7x7dbl_3", width, (7, 1), 1),
            ("branch7x7dbl_5", "branch7x7dbl_4", 192, (1, 7), 1),
            ("branch_pool", "x", 192, 1, 1),
        ])

    def forward(self, x):
        y = self.run(x, average)
        return torch.cat([y["branch1x1"], y["branch7x7_3"], y["branch7x7dbl_5"], y["branch_pool"]], 1)


class BlockD(Block):
    def __init__(self, inputs):
        super().__init__(inputs, [
            ("branch3x3_1", "x", 192, 1, 1), ("branch3x3_2", "branch3x3_1", 320, 3, 2),
            ("branch7x7x3_1", "x", 192, 1, 1), ("branch7x7x3_2", "branch7x7x3_1", 192, (1, 7), 1),
            ("branch7x7x3_3", "branch7x7x3_2", 192, (7, 1), 1),
            ("branch7x7x3_4", "branch7x7x3_3", 192, 3, 2),
        ])

    def forward(self, x):
        y = self.run(x, average)
        return torch.cat([y["branch3x3_2"], y["branch7x7x3_4"], F.max_pool2d(x, 3, stride=2)], 1)


class BlockE(Block):
    def __init__(self, inputs, pooled):
        super().__init__(inputs, [
            ("branch1x1", "x", 320, 1, 1),
            ("branch3x3_1", "x", 384, 1, 1), ("branch3x3_2a", "branch3x3_1", 384, (1, 3), 1),
            ("branch3x3_2b", "branch3x3_1", 384, (3, 1), 1),
            ("branch3x3dbl_1", "x", 448, 1, 1), ("branch3x3dbl_2", "branch3x3dbl_1", 384, 3, 1),
            ("branch3x3dbl_3a", "branch3x3dbl_2", 384, (1, 3), 1), ("branch3x3dbl_3b", "branch3x3dbl_2", 384, (3, 1), 1),
            ("branch_pool", "x", 192, 1, 1),
        ])
        self.pooled = pooled

    def forward(self, x):
        y = self.run(x, self.pooled)
        names = ["branch1x1", "branch3x3_2a", "branch3x3_2b", "branch3x3dbl_3a", "branch3x3dbl_3b", "branch_pool"]
        return torch.cat([y[name] for name in names], 1)


class Inception(nn.Module):
    """Whole numbers from 0 to 255, [B, 3, 299, 299], to the 2048 pooled features."""

    def __init__(self):
        super().__init__()
        self.Conv2d_1a_3x3 = BasicConv(3, 32, 3, stride=2)
        self.Conv2d_2a_3x3 = BasicConv(32, 32, 3)
        self.Conv2d_2b_3x3 = BasicConv(32, 64, 3, padding=1)
        self.Conv2d_3b_1x1 = BasicConv(64, 80, 1)
        self.Conv2d_4a_3x3 = BasicConv(80, 192, 3)
        self.Mixed_5b, self.Mixed_5c, self.Mixed_5d = BlockA(192, 32), BlockA(256, 64), BlockA(288, 64)
        self.Mixed_6a = BlockB(288)
        self.Mixed_6b, self.Mixed_6c = BlockC(768, 128), BlockC(768, 160)
        self.Mixed_6d, self.Mixed_6e = BlockC(768, 160), BlockC(768, 192)
        self.Mixed_7a = BlockD(768)
        self.Mixed_7b = BlockE(1280, average)
        self.Mixed_7c = BlockE(2048, lambda x: F.max_pool2d(x, 3, stride=1, padding=1))
        self.fc = nn.Linear(2048, 1008)

    def forward(self, x):
        x = (x - 128) / 128
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
        x = F.max_pool2d(x, 3, stride=2)
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(x))
        x = F.max_pool2d(x, 3, stride=2)
        for name in ("5b", "5c", "5d", "6a", "6b", "6c", "6d", "6e", "7a", "7b", "7c"):
            x = getattr(self, "Mixed_" + name)(x)
        return x.mean((2, 3))


class Lenet(nn.Module):
    """Whole numbers from 0 to 255, [B, 1, 28, 28], to 64 features."""

    def __init__(self):
        super().__init__()
        self.conv0, self.conv1 = nn.Conv2d(1, 16, 5), nn.Conv2d(16, 32, 3, padding=1)
        self.conv2, self.conv3 = nn.Conv2d(32, 32, 3, padding=1), nn.Conv2d(32, 48, 3)
        self.dense0, self.dense1 = nn.Linear(1200, 64), nn.Linear(64, 10)

    def forward(self, x):
        x = F.pad(x / 127.5 - 1, (2, 2, 2, 2), value=-1.0)
        x = F.avg_pool2d(F.silu(self.conv0(x)), 2)
        x = F.silu(self.conv1(x))
        x = F.avg_pool2d(F.silu(self.conv2(x)), 2)
        return F.silu(self.dense0(F.silu(self.conv3(x)).flatten(1)))


def lenet_layout(weights):
    """From [height, width, in, out] and [in, out], the dense layer after the maps from channels last to channels first."""
    turned = {}
    for name, tensor in weights.items():
        if name == "dense0.weight":
            tensor = tensor.reshape(5, 5, 48, 64).permute(2, 0, 1, 3).reshape(1200, 64)
        turned[name] = tensor.permute(3, 2, 0, 1) if tensor.dim() == 4 else tensor.t() if tensor.dim() == 2 else tensor
    return turned


def feature_network(name, weights):
    """A network in evaluation mode with weights, names and shapes checked; counts of batches seen are not weights."""
    network = Lenet() if name.startswith("lenet") else Inception()
    state = lenet_layout(weights) if name.startswith("lenet") else dict(weights)
    for key, value in network.state_dict().items():
        if key.endswith("num_batches_tracked"):
            state[key] = value
    network.load_state_dict(state, strict=True)
    return network.eval()
