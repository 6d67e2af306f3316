"""`doctor`: test every part of this machine that stages compute with, by using it once."""

from __future__ import annotations

import contextlib
import ctypes
import json
import platform
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from xtreme_bench import wording
from xtreme_bench.errors import StageError
from xtreme_bench.stage.versions import versions

SIZE = 64


@dataclass(frozen=True)
class Finding:
    """One part of the machine: `state` is "ok", "absent" (missing, but not needed) or "broken"."""

    part: str
    state: str
    detail: str

    def to_dict(self) -> dict[str, str]:
        """The finding as JSON values."""
        return asdict(self)


def examine(*, gpu: bool = False) -> list[Finding]:
    """Test Python, GPU driver, torch, ONNX Runtime, CUDA libraries and Docker engine by using each once.

    If there is a GPU, torch and ONNX Runtime must use it. `gpu`: there must be one.
    """
    there, detail = driver()
    needed = gpu or there
    state = "ok" if there else "broken" if gpu else "absent"
    return [
        Finding("python", "ok", f"{platform.python_version()} at {sys.executable}"),
        Finding("gpu driver", state, detail),
        _heavy("torch", "torch", _torch, needed),
        _heavy("onnx runtime", "onnxruntime", _onnxruntime, needed),
        libraries(),
        docker_engine(),
    ]


def driver() -> tuple[bool, str]:
    """The state of NVIDIA's driver: its GPUs and CUDA version, or why it does not answer."""
    try:
        cuda = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False, "no NVIDIA driver here (libcuda.so.1 is not found; in a container: start it with --gpus all)"
    version, count = ctypes.c_int(), ctypes.c_int()
    code = (
        cuda.cuInit(0) or cuda.cuDriverGetVersion(ctypes.byref(version)) or cuda.cuDeviceGetCount(ctypes.byref(count))
    )
    if code or not count.value:
        return False, f"the NVIDIA driver is installed but finds no GPU (cuInit: error {code})"
    return True, f"{wording.count(count.value, 'GPU')}, driver for CUDA up to {version.value / 1000:.1f}"


def _heavy(part: str, module: str, use: Callable[[], tuple[bool, str]], needed: bool) -> Finding:
    """Use a package of the heavy half once; it is broken if it should use a GPU and does not."""
    installed = versions()
    name = next((name for name in (f"{module}-gpu", module) if name in installed), None)
    if name is None:
        return Finding(part, "absent", "not installed: pip install 'xtreme-bench[run]', or use --engine docker")
    try:
        on_gpu, detail = use()
    except Exception as error:  # a broken installation can raise anything, and the user must see it
        return Finding(part, "broken", f"{name} {installed[name]}: {type(error).__name__}: {error}")
    state = "ok" if on_gpu or not needed else "broken"
    return Finding(part, state, f"{name} {installed[name]}: {detail}")


def _torch() -> tuple[bool, str]:
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    ones = torch.ones(SIZE, SIZE, device=device)
    if float((ones @ ones).sum()) != SIZE**3:
        raise ValueError(f"a matrix product on {device} is wrong")
    if device == "cuda":
        cudnn = torch.backends.cudnn.version()  # type: ignore[no-untyped-call]
        return True, f"multiplied on {torch.cuda.get_device_name()} (CUDA {torch.version.cuda}, cuDNN {cudnn})"
    why = "a build without CUDA" if torch.version.cuda is None else "torch finds no usable GPU"
    return False, f"multiplied on the CPU ({why})"


def _onnxruntime() -> tuple[bool, str]:
    """Run a matrix product, and read from the session's profile which provider computed it."""
    import numpy as np
    import onnxruntime

    onnxruntime.set_default_logger_severity(4)  # the result says what it would print
    built = "CUDAExecutionProvider" in onnxruntime.get_available_providers()
    if built:
        onnxruntime.preload_dlls()
    with tempfile.TemporaryDirectory() as folder:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.enable_profiling = True
        options.profile_file_prefix = str(Path(folder, "profile"))
        providers = [*(["CUDAExecutionProvider"] if built else []), "CPUExecutionProvider"]
        session = onnxruntime.InferenceSession(_product(), options, providers=providers)
        ones = np.ones((SIZE, SIZE), np.float32)
        (found,) = session.run(None, {"a": ones, "b": ones})
        events: list[dict[str, Any]] = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    if not (found == SIZE).all():
        raise ValueError("a matrix product is wrong")
    used = {str(event.get("args", {}).get("provider")) for event in events if event.get("cat") == "Node"}
    if "CUDAExecutionProvider" in used:
        return True, "multiplied by CUDAExecutionProvider"
    why = "its CUDA provider did not start: driver or CUDA libraries are missing" if built else "a build without CUDA"
    return False, f"multiplied on the CPU ({why})"


def _product() -> bytes:
    """The smallest model: one matrix product."""
    import onnx

    kind, shape = onnx.TensorProto.FLOAT, [SIZE, SIZE]
    a, b, c = (onnx.helper.make_tensor_value_info(name, kind, shape) for name in "abc")
    graph = onnx.helper.make_graph([onnx.helper.make_node("MatMul", ["a", "b"], ["c"])], "product", [a, b], [c])
    opset = [onnx.helper.make_opsetid("", 20)]
    model: bytes = onnx.helper.make_model(graph, opset_imports=opset, ir_version=10).SerializeToString()
    return model


def libraries() -> Finding:
    """Where CUDA's runtime is. Two copies are a fault: chance would decide which one is loaded."""
    roots = [Path(entry) for entry in sys.path if entry] + [Path("/usr/local"), Path("/usr/lib")]
    patterns = ("nvidia/*/lib/libcudart.so.*", "cuda*/lib64/libcudart.so.*", "*-linux-gnu/libcudart.so.*")
    found = {path.resolve().parent for root in roots for pattern in patterns for path in root.glob(pattern)}
    places = ", ".join(sorted(map(str, found)))
    if len(found) > 1:
        return Finding(
            "cuda libraries", "broken", f"more than one copy: {places}; keep the one that torch was built with"
        )
    return Finding("cuda libraries", "ok" if found else "absent", places or "none; only the CUDA builds need them")


def docker_engine() -> Finding:
    """The Docker engine, the GPUs that it lists, and, if the image exists, how a container gets them."""
    from xtreme_bench.engines import gpus, image
    from xtreme_bench.engines.docker import connect

    try:
        client = connect()
    except StageError as error:
        return Finding("docker", "absent", str(error))
    info, ready = client.info(), None
    with contextlib.suppress(StageError):  # a package installed from a wheel has no Dockerfile, so no image
        ready = image.find(client, None)
    names = gpus.named(info)
    said = f"engine {info.get('ServerVersion')} answers; GPUs that it lists: {', '.join(names) or 'none'}"
    if ready is None:
        return Finding(
            "docker", "ok", f"{said}; build the image to test the GPUs of a container (`xtreme-bench image`)"
        )
    found = gpus.offer(client, ready)
    if found.request is not None:
        return Finding("docker", "ok", f"{said}; a container gets them by {found.how}")
    broken = any(not name.startswith(gpus.AMD) for name in names)
    return Finding("docker", "broken" if broken else "ok", f"{said}; a container gets none ({found.how})")
