"""Compares compiled networks with ONNX Runtime and OpenVINO, side by side.

    pip install -r samples/peers/requirements.txt
    python samples/peers/peers.py --net resnet18 --batch 1 8 --threads 1 2 --seconds 60

`bench --serve` of samples.jar exports the network in fp32 and quantized; all engines then take turns of a fraction of a
second, so that other load on the machine affects all of them. Printed are medians and ratios, as aligned text that is
Markdown, too. Of each peer's int8 the fastest one counts: our integers with additions of floats or of integers, or those of
ONNX Runtime's static quantization.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

import numpy as np
import onnxruntime
import openvino

TURN_SECONDS = 0.3
# Of each contestant before turns are counted: Java compiles its code meanwhile, on the same processors.
WARM_UP_SECONDS = 3
LIMIT = "ONEDNN_MAX_CPU_ISA"
# Files of bench --serve, and whose outputs theirs are compared with.
REFERENCES = {"fp32": "engine-fp32", "quantized": "multipoint-fused", "int-add": "multipoint-int-add", "static": "engine-fp32"}


class Java:
    """The compiled networks in a process of their own."""

    def __init__(self, args, batch, threads, folder):
        environment = dict(os.environ, OMP_NUM_THREADS=str(threads))
        self.process = subprocess.Popen(
            ["java", "-jar", args.jar, "bench", "--net", args.net, "--batch", str(batch), "--threads", str(threads), "--serve", str(folder)]
            + (["--size", str(args.size)] if args.size else []),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        self.names = self.process.stdout.readline().split()
        if not self.names:
            raise SystemExit(f"bench --serve has ended with {self.process.wait()}")

    def run(self, name, seconds):
        print(name, 1000 * seconds, file=self.process.stdin, flush=True)
        return [float(t) for t in self.process.stdout.readline().split()]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def timed(infer, seconds):
    """Milliseconds of each run; the first is not counted."""
    infer()
    times = []
    end = time.perf_counter() + seconds
    while not times or time.perf_counter() < end:
        start = time.perf_counter()
        infer()
        times.append(1000 * (time.perf_counter() - start))
    return times


def onnx_runtime(file, values, threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    inputs = {session.get_inputs()[0].name: values}
    return lambda: session.run(None, inputs)


def open_vino(file, values, threads):
    core = openvino.Core()
    model = core.read_model(file)
    model.reshape(values.shape)
    settings = {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY"}
    if file.name == "fp32.onnx":
        # Left to itself it computes in bf16 where the CPU can.
        settings["INFERENCE_PRECISION_HINT"] = "f32"
    compiled = core.compile_model(model, "CPU", settings)
    request = compiled.create_infer_request()

    def infer():
        request.infer({0: values}, share_inputs=True, share_outputs=True)
        return [request.get_output_tensor(i).data for i in range(len(compiled.outputs))]
    return infer


def distance(found, expected):
    found = np.concatenate([np.asarray(x, np.float32).ravel() for x in found])
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))


def measure(args, batch, threads):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        java = Java(args, batch, threads, folder)
        try:
            shape = onnxruntime.InferenceSession(str(folder / "fp32.onnx")).get_inputs()[0].shape
            values = np.fromfile(folder / "input.bin", np.float32).reshape([batch] + shape[1:])
            subjects = {n: (lambda s, n=n: java.run(n, s)) for n in java.names}
            errors = {}
            for kind, reference in REFERENCES.items():
                expected = np.fromfile(folder / f"{reference}.bin", np.float32)
                for label, make in (("onnxruntime", onnx_runtime), ("openvino", open_vino)):
                    infer = make(folder / f"{kind}.onnx", values, threads)
                    name = f"{label}-{kind}"
                    errors[name] = distance(infer(), expected)
                    subjects[name] = lambda s, infer=infer: timed(infer, s)
            times = {n: [] for n in subjects}
            for run in subjects.values():
                run(WARM_UP_SECONDS)
            end = time.monotonic() + args.seconds
            while time.monotonic() < end:
                for n, run in subjects.items():
                    times[n] += run(TURN_SECONDS)
            return {n: statistics.median(t) for n, t in times.items()}, errors
        finally:
            java.close()


def processor():
    with open("/proc/cpuinfo") as lines:
        info = {key.strip(): value.strip() for key, value in (line.split(":", 1) for line in lines if ":" in line)}
    flags = info.get("flags", "").split()
    kind = next((f for f in ("avx512_vnni", "avx_vnni", "avx512f", "avx2") if f in flags), "")
    return info.get("model name", "") + ", " + kind


def table(rows):
    header = ["network", "threads", "batch", "ours fp32", "int8", "adding int8", "ONNX Runtime fp32", "int8", "OpenVINO fp32", "int8",
              "int8 / ONNX Runtime", "int8 / OpenVINO", "adding int8 / OpenVINO"]
    cells = [header]
    for row in rows:
        t = row["ms"]
        ms = [t["engine-fp32"], t["multipoint-fused"], t["multipoint-int-add"]]
        for peer in ("onnxruntime", "openvino"):
            ms += [t[f"{peer}-fp32"], min(t[f"{peer}-{kind}"] for kind in REFERENCES if kind != "fp32")]
        cells.append([row["net"], str(row["threads"]), str(row["batch"])] + [f"{x:.2f}" for x in ms]
                     + [f"{ms[1] / ms[4]:.2f}", f"{ms[1] / ms[6]:.2f}", f"{ms[2] / ms[6]:.2f}"])
    widths = [max(len(r[i]) for r in cells) for i in range(len(header))]
    lines = ["| " + " | ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(r, widths))) + " |" for r in cells]
    lines.insert(1, "|" + "|".join("-" * (w + 2) if i == 0 else "-" * (w + 1) + ":" for i, w in enumerate(widths)) + "|")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--net", nargs="+", default=["resnet18"], help="resnet18, mobilenetv1, or files of models in fp32")
    parser.add_argument("--size", type=int, help="height and width of the input where a file does not tell")
    parser.add_argument("--batch", nargs="+", type=int, default=[1])
    parser.add_argument("--threads", nargs="+", type=int, default=[1])
    parser.add_argument("--seconds", type=float, default=30, help="for each row of the table")
    parser.add_argument("--jar", default="samples/target/samples.jar")
    parser.add_argument("--json", help="file for the results")
    args = parser.parse_args()
    rows = []
    for net in args.net:
        for threads in args.threads:
            for batch in args.batch:
                ms, errors = measure(argparse.Namespace(**{**vars(args), "net": net}), batch, threads)
                rows.append({"net": pathlib.Path(net).stem, "threads": threads, "batch": batch, "ms": ms, "outputDistance": errors})
    print(f"{processor()}; ONNX Runtime {onnxruntime.__version__}, OpenVINO {openvino.__version__.split('-')[0]}"
          + (f"; {LIMIT}={os.environ[LIMIT]} for ours alone" if LIMIT in os.environ else ""))
    print("Milliseconds of a batch, medians.\n")
    print(table(rows))
    print("\nLargest distance of outputs from ours, relative to their norm (static: from those in fp32): "
          + ", ".join(f"{n} {max(r['outputDistance'][n] for r in rows):.1e}" for n in rows[0]["outputDistance"]))
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps({"cpu": processor(), "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
