"""Converts TensorFlow.js weights to ONNX; the same input always gives the same bytes.

    tfjs_to_onnx.py graph MODEL.json MODEL.bin OUT.onnx OUTPUT...
    tfjs_to_onnx.py dlib-resnet MANIFEST.json WEIGHTS.bin OUT.onnx

`graph` reads a graph model (topology and weights). `dlib-resnet` reads a weights manifest
without a graph and writes down dlib's face recognition network around it.

Pictures go in as N x channels x height x width. Tensors of rank 4 keep that order inside,
so that the runtime needs no transposes; only what is flattened is transposed back first,
because the weights expect it.
"""

import base64
import json
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 13
IR_VERSION = 8
RELUS = {"Relu", "Relu6"}


def read_weights(entries, blob):
    """All tensors by name, as float32 or int64."""
    tensors, at = {}, 0
    for entry in entries:
        count = int(np.prod(entry["shape"], dtype=np.int64))
        quantised = entry.get("quantization")
        stored = np.dtype((quantised or entry)["dtype"]).newbyteorder("<")
        raw = np.frombuffer(blob, dtype=stored, count=count, offset=at)
        at += count * stored.itemsize
        if entry["dtype"] == "int32":
            value = raw.astype(np.int64)
        elif quantised and stored.kind == "u":
            value = raw.astype(np.float32) * np.float32(quantised["scale"])
            value = value + np.float32(quantised["min"])
        else:
            value = raw.astype(np.float32)
        tensors[entry["name"]] = value.reshape(entry["shape"])
    if at != len(blob):
        raise SystemExit(f"the weights have {len(blob)} bytes, the manifest names {at}")
    return tensors


class Graph:
    """Nodes and initializers under construction, with the shape of every value."""

    def __init__(self):
        self.nodes, self.initializers, self.shapes = [], [], {}
        self.n_names = 0

    def fresh(self):
        self.n_names += 1
        return f"v{self.n_names}"

    def constant(self, value):
        name = self.fresh()
        value = np.ascontiguousarray(value)
        self.initializers.append(numpy_helper.from_array(value, name))
        self.shapes[name] = list(value.shape)
        return name

    def add(self, op, inputs, shape, **attributes):
        name = self.fresh()
        self.nodes.append(helper.make_node(op, inputs, [name], name=name, **attributes))
        self.shapes[name] = list(shape)
        return name

    def relu(self, x, kind):
        if kind == "Relu":
            return self.add("Relu", [x], self.shapes[x])
        low, high = self.constant(np.float32(0.0)), self.constant(np.float32(6.0))
        return self.add("Clip", [x, low, high], self.shapes[x])

    def window(self, x, kernel, stride, padding):
        """Height and width after a window of this size has moved over x."""
        sizes = self.shapes[x][2:]
        if padding == "SAME":
            return [-(-size // step) for size, step in zip(sizes, stride)]
        return [(size - k) // step + 1 for size, k, step in zip(sizes, kernel, stride)]

    def conv(self, x, weights, bias, stride, padding, group=1):
        kernel = list(weights.shape[2:])
        n = self.shapes[x][0]
        shape = [n, weights.shape[0], *self.window(x, kernel, stride, padding)]
        inputs = [x, self.constant(weights)]
        if bias is not None:
            inputs.append(self.constant(bias))
        auto_pad = "SAME_UPPER" if padding == "SAME" else "VALID"
        return self.add("Conv", inputs, shape, kernel_shape=kernel, strides=stride,
                        auto_pad=auto_pad, group=group)

    def pool(self, op, x, kernel, stride, padding):
        n, channels = self.shapes[x][:2]
        shape = [n, channels, *self.window(x, kernel, stride, padding)]
        auto_pad = "SAME_UPPER" if padding == "SAME" else "VALID"
        return self.add(op, [x], shape, kernel_shape=kernel, strides=stride, auto_pad=auto_pad)

    def pad_end(self, x, extra):
        """Zeros after the end of each of the four dimensions."""
        pads = self.constant(np.array([0, 0, 0, 0, *extra], dtype=np.int64))
        shape = [size + more for size, more in zip(self.shapes[x], extra)]
        return self.add("Pad", [x, pads], shape)

    def write(self, path, graph_input, outputs):
        name, shape = graph_input
        for value, wanted in outputs:
            self.nodes.append(helper.make_node("Identity", [value], [wanted], name=wanted))
        graph = helper.make_graph(
            self.nodes, "graph",
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)],
            [helper.make_tensor_value_info(wanted, TensorProto.FLOAT, self.shapes[value])
             for value, wanted in outputs],
            self.initializers)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)],
                                  ir_version=IR_VERSION, producer_name="gac")
        onnx.checker.check_model(model)
        with open(path, "wb") as file:
            file.write(model.SerializeToString(deterministic=True))


class Converter:
    """Walks a TensorFlow.js graph backwards from the wanted outputs."""

    def __init__(self, topology, tensors):
        self.by_name = {node["name"]: node for node in topology["node"]}
        self.tensors, self.graph, self.done = tensors, Graph(), {}
        self.input = None

    def value(self, name):
        name = name.split(":")[0]
        if name not in self.done:
            node = self.by_name[name]
            self.done[name] = getattr(self, "op_" + node["op"].lstrip("_"))(node)
        return self.done[name]

    def const(self, name):
        return self.tensors[name.split(":")[0]]

    @staticmethod
    def text(node, key):
        return base64.b64decode(node["attr"][key]["s"]).decode()

    @staticmethod
    def pair(node, key):
        return [int(v) for v in node["attr"][key]["list"]["i"]][1:3]

    def operand(self, name, rank):
        """A value, or a constant in the order of a picture tensor."""
        if name.split(":")[0] not in self.tensors:
            return self.value(name)
        value = self.const(name)
        if rank == 4 and value.ndim:
            value = value.reshape((1,) * (4 - value.ndim) + value.shape).transpose(0, 3, 1, 2)
        return self.graph.constant(value)

    def op_Placeholder(self, node):
        n, h, w, c = [int(d["size"]) for d in node["attr"]["shape"]["shape"]["dim"]]
        self.input = ("input", [1, c, h, w])
        self.graph.shapes["input"] = self.input[1]
        return "input"

    def op_Identity(self, node):
        return self.value(node["input"][0])

    def after(self, x, node):
        """The activation that was fused into the node."""
        fused = node["attr"].get("fused_ops", {}).get("list", {}).get("s", [])
        for kind in (base64.b64decode(s).decode() for s in fused):
            if kind in RELUS:
                x = self.graph.relu(x, kind)
            elif kind != "BiasAdd":
                raise SystemExit(f"fused operation {kind} is not known")
        return x

    def bias(self, node):
        return self.const(node["input"][2]) if len(node["input"]) > 2 else None

    def op_FusedConv2D(self, node):
        x = self.value(node["input"][0])
        weights = self.const(node["input"][1]).transpose(3, 2, 0, 1)
        x = self.graph.conv(x, weights, self.bias(node), self.pair(node, "strides"),
                            self.text(node, "padding"))
        return self.after(x, node)

    op_Conv2D = op_FusedConv2D

    def op_FusedDepthwiseConv2dNative(self, node):
        x = self.value(node["input"][0])
        weights = self.const(node["input"][1])
        h, w, channels, multiplier = weights.shape
        weights = weights.reshape(h, w, channels * multiplier, 1).transpose(2, 3, 0, 1)
        x = self.graph.conv(x, weights, self.bias(node), self.pair(node, "strides"),
                            self.text(node, "padding"), group=channels)
        return self.after(x, node)

    op_DepthwiseConv2dNative = op_FusedDepthwiseConv2dNative

    def op_FusedMatMul(self, node):
        x = self.value(node["input"][0])
        weights = self.const(node["input"][1])
        shape = [self.graph.shapes[x][0], weights.shape[1]]
        x = self.graph.add("Gemm", [x, self.graph.constant(weights),
                                    self.graph.constant(self.bias(node))], shape)
        return self.after(x, node)

    def elementwise(self, op, node):
        values = [name for name in node["input"] if name.split(":")[0] not in self.tensors]
        rank = len(self.graph.shapes[self.value(values[0])])
        inputs = [self.operand(name, rank) for name in node["input"]]
        shape = list(np.broadcast_shapes(*(tuple(self.graph.shapes[x]) for x in inputs)))
        return self.graph.add(op, inputs, shape)

    def op_AddV2(self, node):
        return self.elementwise("Add", node)

    op_Add = op_AddV2

    def op_Mul(self, node):
        return self.elementwise("Mul", node)

    def op_Sub(self, node):
        return self.elementwise("Sub", node)

    def unary(self, op, node, **attributes):
        x = self.value(node["input"][0])
        return self.graph.add(op, [x], self.graph.shapes[x], **attributes)

    def op_Relu(self, node):
        return self.graph.relu(self.value(node["input"][0]), "Relu")

    def op_Relu6(self, node):
        return self.graph.relu(self.value(node["input"][0]), "Relu6")

    def op_Sigmoid(self, node):
        return self.unary("Sigmoid", node)

    def op_Softmax(self, node):
        return self.unary("Softmax", node, axis=-1)

    def op_MaxPool(self, node):
        return self.graph.pool("MaxPool", self.value(node["input"][0]), self.pair(node, "ksize"),
                               self.pair(node, "strides"), self.text(node, "padding"))

    def op_Pad(self, node):
        paddings = self.const(node["input"][1])
        if paddings[:, 0].any():
            raise SystemExit("padding before the start is not known")
        n, h, w, c = (int(v) for v in paddings[:, 1])
        return self.graph.pad_end(self.value(node["input"][0]), [n, c, h, w])

    def op_Mean(self, node):
        x = self.value(node["input"][0])
        if sorted(int(a) for a in self.const(node["input"][1])) != [1, 2]:
            raise SystemExit("a mean over other axes than height and width is not known")
        n, channels = self.graph.shapes[x][:2]
        return self.graph.add("ReduceMean", [x], [n, channels, 1, 1], axes=[2, 3], keepdims=1)

    def op_ConcatV2(self, node):
        parts = [self.value(name) for name in node["input"][:-1]]
        if int(self.const(node["input"][-1])) not in (3, -1):
            raise SystemExit("a concatenation of other than channels is not known")
        shape = list(self.graph.shapes[parts[0]])
        shape[1] = sum(self.graph.shapes[part][1] for part in parts)
        return self.graph.add("Concat", parts, shape, axis=1)

    def op_ResizeBilinear(self, node):
        if node["attr"]["align_corners"]["b"] or node["attr"]["half_pixel_centers"]["b"]:
            raise SystemExit("this kind of resizing is not known")
        x = self.value(node["input"][0])
        n, channels, *before = self.graph.shapes[x]
        after = [int(v) for v in self.const(node["input"][1])]
        scales = [1.0, 1.0, after[0] / before[0], after[1] / before[1]]
        scales = self.graph.constant(np.array(scales, dtype=np.float32))
        return self.graph.add("Resize", [x, "", scales], [n, channels, *after], mode="linear",
                              coordinate_transformation_mode="asymmetric")

    def op_Reshape(self, node):
        x = self.value(node["input"][0])
        shape = self.graph.shapes[x]
        if len(shape) == 4:
            x = self.graph.add("Transpose", [x], [shape[i] for i in (0, 2, 3, 1)],
                               perm=[0, 2, 3, 1])
        wanted = [int(v) for v in self.const(node["input"][1])]
        known = int(np.prod([v for v in wanted if v > 0]))
        after = [v if v > 0 else int(np.prod(shape)) // known for v in wanted]
        wanted = self.graph.constant(np.array(after, dtype=np.int64))
        return self.graph.add("Reshape", [x, wanted], after)


def convert_graph(model, blob, out, outputs):
    tensors = read_weights(model["weightsManifest"][0]["weights"], blob)
    converter = Converter(model["modelTopology"], tensors)
    values = [(converter.value(name), name) for name in outputs]
    converter.graph.write(out, converter.input, values)


def convert_dlib_resnet(manifest, blob, out):
    """dlib's ResNet-29 with half the filters: 150 x 150 picture in, 128 numbers out."""
    tensors, graph = read_weights(manifest[0]["weights"], blob), Graph()
    graph.shapes["input"] = [1, 3, 150, 150]

    def conv(x, name, stride, padding):
        scale, shift = tensors[f"{name}/scale/weights"], tensors[f"{name}/scale/biases"]
        weights = tensors[f"{name}/conv/filters"].transpose(3, 2, 0, 1)
        weights = weights * scale.reshape(-1, 1, 1, 1)
        bias = tensors[f"{name}/conv/bias"] * scale + shift
        return graph.conv(x, weights, bias, [stride, stride], padding)

    def residual(x, name):
        y = graph.relu(conv(x, f"{name}/conv1", 1, "SAME"), "Relu")
        y = conv(y, f"{name}/conv2", 1, "SAME")
        return graph.relu(graph.add("Add", [x, y], graph.shapes[x]), "Relu")

    def down(x, name):
        y = graph.relu(conv(x, f"{name}/conv1", 2, "VALID"), "Relu")
        y = conv(y, f"{name}/conv2", 1, "SAME")
        x = graph.pool("AveragePool", x, [2, 2], [2, 2], "VALID")
        (_, cx, hx, wx), (_, cy, hy, wy) = graph.shapes[x], graph.shapes[y]
        if (hx, wx) != (hy, wy):
            y = graph.pad_end(y, [0, 0, hx - hy, wx - wy])
        if cx != cy:
            x = graph.pad_end(x, [0, cy - cx, 0, 0])
        return graph.relu(graph.add("Add", [x, y], graph.shapes[x]), "Relu")

    x = graph.relu(conv("input", "conv32_down", 2, "VALID"), "Relu")
    x = graph.pool("MaxPool", x, [3, 3], [2, 2], "VALID")
    for width, n_blocks in ((32, 3), (64, 3), (128, 2), (256, 2)):
        if width > 32:
            x = down(x, f"conv{width}_down")
        for block in range(1, n_blocks + 1):
            x = residual(x, f"conv{width}_{block}")
    x = down(x, "conv256_down_out")
    x = graph.add("ReduceMean", [x], [1, 256], axes=[2, 3], keepdims=0)
    x = graph.add("MatMul", [x, graph.constant(tensors["fc"])], [1, 128])
    graph.write(out, ("input", [1, 3, 150, 150]), [(x, "embedding")])


def main(kind, description, weights, out, *outputs):
    with open(description, encoding="utf-8") as file:
        model = json.load(file)
    with open(weights, "rb") as file:
        blob = file.read()
    if kind == "graph":
        convert_graph(model, blob, out, outputs)
    elif kind == "dlib-resnet":
        convert_dlib_resnet(model, blob, out)
    else:
        raise SystemExit(f"{kind}: neither graph nor dlib-resnet")


if __name__ == "__main__":
    if len(sys.argv) < 5:
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
