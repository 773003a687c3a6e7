"""What devices can compute at most, from their datasheets: what a share of the peak is of."""

from collections.abc import Mapping

PEAKS_TFLOPS: Mapping[str, Mapping[str, float]] = {
    # Dense, without sparsity, products summed in float32.
    "H200": {"bf16": 989.4, "fp8": 1978.9},  # NVIDIA H200 datasheet, SXM
    "H100 80GB HBM3": {"bf16": 989.4, "fp8": 1978.9},  # NVIDIA H100 datasheet, SXM
    "B200": {"bf16": 2250.0, "fp8": 4500.0},  # NVIDIA DGX B200 datasheet, an eighth of it
    "A100": {"bf16": 312.0},  # NVIDIA A100 datasheet; it knows no fp8
}
"""By a part of the device's name."""


def peak_tflops(name: str, precision: str) -> float | None:
    """Most dense products a second of a device in 10^12; None if it is not in the table."""
    return next((p.get(precision) for key, p in PEAKS_TFLOPS.items() if key in name), None)
