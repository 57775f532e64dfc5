"""The ADM U-Net of @onestep/models in PyTorch: the same layers, names and cost, for comparing speed."""

import math

import torch
from torch import nn
from torch.nn import functional as F


def groups_of(channels, config):
    """Largest number of groups that divides the channels within the config's two limits."""
    groups = min(config["groupNormGroups"], channels // config["groupNormMinChannels"])
    while groups > 1 and channels % groups:
        groups -= 1
    return max(1, groups)


def heads_of(channels, config, going_up):
    if config["numHeadChannels"] > 0:
        return channels // config["numHeadChannels"]
    return config["numHeadsUp"] if going_up and config["numHeadsUp"] > 0 else config["numHeads"]


def conv3(inputs, outputs, stride=1):
    return nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1)


class Upsample(nn.Module):
    def __init__(self, channels, has_conv):
        super().__init__()
        self.conv = conv3(channels, channels) if has_conv else nn.Identity()

    def forward(self, x):
        return self.conv(F.interpolate(x, scale_factor=2, mode="nearest"))


class Downsample(nn.Module):
    def __init__(self, channels, has_conv):
        super().__init__()
        self.op = conv3(channels, channels, stride=2) if has_conv else nn.AvgPool2d(2)

    def forward(self, x):
        return self.op(x)


class Attention(nn.Module):
    def __init__(self, channels, heads, groups):
        super().__init__()
        self.heads = heads
        self.norm = nn.GroupNorm(groups, channels)
        self.qkv = nn.Conv2d(channels, 3 * channels, 1)
        self.proj_out = nn.Conv2d(channels, channels, 1)

    def forward(self, x):
        batch, channels, height, width = x.shape
        qkv = self.qkv(self.norm(x)).reshape(batch, 3, self.heads, channels // self.heads, height * width)
        q, k, v = qkv.transpose(3, 4).unbind(1)
        if hasattr(F, "scaled_dot_product_attention"):
            heard = F.scaled_dot_product_attention(q, k, v)
        else:
            weights = torch.softmax((q / math.sqrt(q.shape[-1])) @ k.transpose(2, 3), -1)
            heard = weights @ v
        return x + self.proj_out(heard.transpose(2, 3).reshape(batch, channels, height, width))


class ResidualBlock(nn.Module):
    def __init__(self, inputs, outputs, embedding, config, resample="none"):
        super().__init__()
        self.scale_shift = config["scaleShiftNorm"]
        self.resample = {
            "none": nn.Identity,
            "up": lambda: nn.Upsample(scale_factor=2, mode="nearest"),
            "down": lambda: nn.AvgPool2d(2),
        }[resample]()
        self.in_layers = nn.Sequential(
            nn.GroupNorm(groups_of(inputs, config), inputs), nn.SiLU(), conv3(inputs, outputs)
        )
        # The activation before this projection is the same for every block and is applied once, by the network.
        self.emb_layers = nn.Sequential(nn.Identity(), nn.Linear(embedding, 2 * outputs if self.scale_shift else outputs))
        self.out_layers = nn.Sequential(
            nn.GroupNorm(groups_of(outputs, config), outputs), nn.SiLU(), nn.Identity(), conv3(outputs, outputs)
        )
        self.skip_connection = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)

    def forward(self, x, embedding):
        entered = self.resample(self.in_layers[1](self.in_layers[0](x)))
        hidden = self.in_layers[2](entered)
        projected = self.emb_layers(embedding)[:, :, None, None]
        if self.scale_shift:
            scale, shift = projected.chunk(2, 1)
            hidden = self.out_layers[0](hidden) * (1 + scale) + shift
        else:
            hidden = self.out_layers[0](hidden + projected)
        return self.skip_connection(self.resample(x)) + self.out_layers[1:](hidden)


class Stage(nn.Sequential):
    """Layers in a row, of which the residual blocks see the embedding."""

    def forward(self, x, embedding):
        for layer in self:
            x = layer(x, embedding) if isinstance(layer, ResidualBlock) else layer(x)
        return x


class AdmUnet(nn.Module):
    """Takes the resolved config of `admUnet`; unconditional, without dropout."""

    def __init__(self, config):
        super().__init__()
        if config["numClasses"] or config["dropout"]:
            raise ValueError("the peer has neither classes nor dropout")
        self.config = config
        base, depth = config["modelChannels"], config["patchSize"] ** 2
        embedding = 4 * base
        levels = list(enumerate(config["channelMultipliers"]))
        self.time_embed = nn.Sequential(nn.Linear(base, embedding), nn.SiLU(), nn.Linear(embedding, embedding))

        def block(inputs, outputs, level, going_up):
            layers = [ResidualBlock(inputs, outputs, embedding, config)]
            if 2**level in config["attentionResolutions"]:
                layers.append(attention(outputs, going_up))
            return layers

        def attention(channels, going_up):
            return Attention(channels, heads_of(channels, config, going_up), groups_of(channels, config))

        def resampling(channels, direction):
            if config["resblockUpDown"]:
                return ResidualBlock(channels, channels, embedding, config, direction)
            return (Upsample if direction == "up" else Downsample)(channels, config["convResample"])

        channels = base * config["channelMultipliers"][0]
        inputs = [Stage(conv3(config["shape"][2] * depth, channels))]
        skips = [channels]
        for level, multiplier in levels:
            for _ in range(config["numResBlocks"]):
                inputs.append(Stage(*block(channels, multiplier * base, level, False)))
                channels = multiplier * base
                skips.append(channels)
            if level < len(levels) - 1:
                inputs.append(Stage(resampling(channels, "down")))
                skips.append(channels)
        self.input_blocks = nn.ModuleList(inputs)
        self.middle_block = Stage(
            ResidualBlock(channels, channels, embedding, config),
            attention(channels, False),
            ResidualBlock(channels, channels, embedding, config),
        )
        outputs = []
        for level, multiplier in reversed(levels):
            for index in range(config["numResBlocks"] + 1):
                layers = block(channels + skips.pop(), multiplier * base, level, True)
                channels = multiplier * base
                if level > 0 and index == config["numResBlocks"]:
                    layers.append(resampling(channels, "up"))
                outputs.append(Stage(*layers))
        self.output_blocks = nn.ModuleList(outputs)
        self.out = nn.Sequential(
            nn.GroupNorm(groups_of(channels, config), channels), nn.SiLU(), conv3(channels, config["outChannels"] * depth)
        )
        half = base // 2
        frequencies = torch.exp(-math.log(10000) * torch.arange(half, dtype=torch.float32) / half)
        self.register_buffer("frequencies", frequencies, persistent=False)

    def forward(self, x, noise_embedding):
        """x [B, C, H, W], noise_embedding [B]."""
        angles = noise_embedding[:, None] * self.frequencies
        embedding = F.silu(self.time_embed(torch.cat([angles.cos(), angles.sin()], 1)))
        hidden = to_patches(x, self.config["patchSize"])
        skips = []
        for stage in self.input_blocks:
            hidden = stage(hidden, embedding)
            skips.append(hidden)
        hidden = self.middle_block(hidden, embedding)
        for stage in self.output_blocks:
            hidden = stage(torch.cat([hidden, skips.pop()], 1), embedding)
        return from_patches(self.out(hidden), self.config["patchSize"])


def to_patches(x, size):
    """[B, C, H, W] to [B, size^2 C, H/size, W/size], channels ordered (row, column, channel)."""
    if size == 1:
        return x
    batch, channels, height, width = x.shape
    x = x.reshape(batch, channels, height // size, size, width // size, size).permute(0, 3, 5, 1, 2, 4)
    return x.reshape(batch, size * size * channels, height // size, width // size)


def from_patches(x, size):
    """The inverse of to_patches."""
    if size == 1:
        return x
    batch, depth, height, width = x.shape
    x = x.reshape(batch, size, size, depth // size**2, height, width).permute(0, 3, 4, 1, 5, 2)
    return x.reshape(batch, depth // size**2, height * size, width * size)
